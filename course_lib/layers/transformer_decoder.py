"""A block of a decoder that reads a second sequence, such as the text to translate."""

from typing import Any

import keras

from course_lib.layers.multi_head_cross_attention import MultiHeadCrossAttention
from course_lib.layers.transformer_layer import TransformerLayer


@keras.saving.register_keras_serializable(package="course_lib")
class TransformerDecoder(TransformerLayer):
    """Causal self-attention, cross-attention to an encoder, a feed-forward network.

    A causal `TransformerBlock` with cross-attention between its two halves. Called
    without an `encoder_sequence` it has no cross-attention and is that block; which of
    the two it is, the first call decides.

    Each mask has its place. Self-attention never sees a later position, nor padding of
    the *decoder's* sequence. Cross-attention sees all of the encoder's sequence but
    *its* padding: the decoder's masks do not count there. Where a padding mask is not
    given, the implicit Keras mask of its own sequence takes its place, if there is one;
    that of the decoder's sequence is passed on.

    Some tutorials pass the decoder's own input as the encoder's sequence, too.
    Cross-attention would then see what is still to be written; hide it with
    `decoder(x, x, encoder_attention_mask=masking.causal_mask(T))`.

    Args:
        intermediate_dim: int, the inner width of the feed-forward network.
        num_heads: int, of each of the attentions.
        key_dim: int or `None`, see `MultiHeadSelfAttention`.
        dropout: float, the dropout rate of each sub-layer's output.
        activation: the activation inside the feed-forward network.
        layer_norm_epsilon: float.
        normalize_first: bool, see `TransformerBlock`.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        decoder_sequence: float tensor `(B, T, D)`.
        encoder_sequence: float tensor `(B, S, E)`, or `None`. May be left out when a
            `cross_attention_cache` holds its keys and values.
        decoder_padding_mask: boolean tensor `(B, T)`, or `(B, N)` with a cache of
            length `N`; `True` for real tokens.
        decoder_attention_mask: boolean tensor that broadcasts to `(B, T, T)`, or to
            `(B, T, N)`; it holds together with the causal mask.
        encoder_padding_mask: boolean tensor `(B, S)`.
        encoder_attention_mask: boolean tensor that broadcasts to `(B, T, S)`.
        return_attention_scores: bool. If `True`, the weights of self-attention and of
            cross-attention, `(B, H, T, T)` and `(B, H, T, S)`, follow.
        self_attention_cache: two float tensors `(B, H, N, key_dim)`, keys and values.
        self_attention_cache_update_index: int or scalar tensor, the position of
            `decoder_sequence[:, 0]`; given together with the cache.
        cross_attention_cache: two float tensors `(B, H, S, key_dim)`, keys and values.
        cross_attention_cache_update_index: int or scalar tensor, where in the cache the
            keys and values of `encoder_sequence` are written: 0 in the first step.
            `None` takes the cache as it is: in all other steps.

    Returns:
        The output `(B, T, D)`; then the weights if asked for; then the self-attention's
        cache and the cross-attention's, each if it was given.

    Raises:
        ValueError: if an `encoder_sequence`, or what belongs to one, is given to a
            layer that was built without, or none to a layer that was built with; see
            `TransformerBlock` and `MultiHeadCrossAttention` for the rest.

    Example:
    ```python
    encoder = layers.TransformerBlock(intermediate_dim=32, num_heads=2, causal=False)
    decoder = layers.TransformerDecoder(intermediate_dim=32, num_heads=2)
    source, target = keras.random.normal((1, 7, 8)), keras.random.normal((1, 5, 8))
    output = decoder(target, encoder(source))  # (1, 5, 8)
    ```

    Reference:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.1.
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        key_dim: int | None = None,
        dropout: float = 0.0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-6,
        normalize_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            intermediate_dim,
            num_heads,
            key_dim=key_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=layer_norm_epsilon,
            normalize_first=normalize_first,
            **kwargs,
        )
        # Built by a first call that has an encoder's sequence.
        self.cross_attention: Any = None

    def build(
        self, decoder_sequence_shape: tuple, encoder_sequence_shape: tuple | None = None
    ) -> None:
        self._build(decoder_sequence_shape)
        if encoder_sequence_shape is None:
            return
        policy = self.dtype_policy
        self.cross_attention = MultiHeadCrossAttention(
            self.num_heads, self.key_dim, dtype=policy, name="cross_attention"
        )
        self.cross_attention.build(decoder_sequence_shape, encoder_sequence_shape)
        self.cross_attention_norm = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, dtype=policy, name="cross_attention_norm"
        )
        self.cross_attention_norm.build(decoder_sequence_shape)
        self.cross_attention_dropout = keras.layers.Dropout(
            self.dropout, dtype=policy, name="cross_attention_dropout"
        )

    def call(
        self,
        decoder_sequence,
        encoder_sequence=None,
        decoder_padding_mask=None,
        decoder_attention_mask=None,
        encoder_padding_mask=None,
        encoder_attention_mask=None,
        return_attention_scores=False,
        self_attention_cache=None,
        self_attention_cache_update_index=None,
        cross_attention_cache=None,
        cross_attention_cache_update_index=None,
        training=None,
        mask=None,
        decoder_sequence_mask=None,
        encoder_sequence_mask=None,
    ):
        self._check_encoder(
            encoder_sequence=encoder_sequence,
            cross_attention_cache=cross_attention_cache,
            encoder_padding_mask=encoder_padding_mask,
            encoder_attention_mask=encoder_attention_mask,
        )
        if decoder_padding_mask is None:  # Keras fills in the first, or the second
            decoder_padding_mask = mask if mask is not None else decoder_sequence_mask
        if encoder_padding_mask is None:
            encoder_padding_mask = encoder_sequence_mask
        x, *extras = self._attend_to_itself(
            decoder_sequence,
            padding_mask=decoder_padding_mask,
            attention_mask=decoder_attention_mask,
            use_causal_mask=True,
            return_attention_scores=return_attention_scores,
            cache=self_attention_cache,
            cache_update_index=self_attention_cache_update_index,
            training=training,
        )
        if self.cross_attention is not None:
            x, *cross_extras = self._with_residual(
                lambda x: self.cross_attention(
                    x,
                    encoder_sequence,
                    padding_mask=encoder_padding_mask,
                    attention_mask=encoder_attention_mask,
                    return_attention_scores=return_attention_scores,
                    cache=cross_attention_cache,
                    cache_update_index=cross_attention_cache_update_index,
                    training=training,
                ),
                x,
                self.cross_attention_norm,
                self.cross_attention_dropout,
                training,
            )
            if return_attention_scores:  # both weights, then both caches
                extras.insert(1, cross_extras.pop(0))
            extras += cross_extras
        x = self._feed_forward(x, training)
        return (x, *extras) if extras else x

    def _check_encoder(self, **arguments):
        """Raise a `ValueError` unless the call fits what the layer was built for."""
        given = [name for name, value in arguments.items() if value is not None]
        if self.cross_attention is None and given:
            raise ValueError(
                f"`{given[0]}` was given to a layer that was first called without an "
                "`encoder_sequence` and has no cross-attention."
            )
        if self.cross_attention is not None and not (
            {"encoder_sequence", "cross_attention_cache"} & {*given}
        ):
            raise ValueError(
                "`encoder_sequence` or `cross_attention_cache` must be given to a "
                "layer that was first called with an `encoder_sequence`. Received: "
                "encoder_sequence=None, cross_attention_cache=None"
            )
