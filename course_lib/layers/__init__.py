"""Keras layers of a transformer, written to be read."""

from course_lib.layers.multi_head_cross_attention import MultiHeadCrossAttention
from course_lib.layers.multi_head_self_attention import MultiHeadSelfAttention
from course_lib.layers.sine_position_encoding import SinePositionEncoding
from course_lib.layers.token_and_position_embedding import TokenAndPositionEmbedding
from course_lib.layers.token_embedding import TokenEmbedding
from course_lib.layers.transformer_block import TransformerBlock
from course_lib.layers.transformer_decoder import TransformerDecoder

__all__ = [
    "MultiHeadCrossAttention",
    "MultiHeadSelfAttention",
    "SinePositionEncoding",
    "TokenAndPositionEmbedding",
    "TokenEmbedding",
    "TransformerBlock",
    "TransformerDecoder",
]
