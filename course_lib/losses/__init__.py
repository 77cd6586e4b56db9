"""Losses of language models."""

from course_lib.losses.fused_cross_entropy import CHUNK_SIZE, fused_cross_entropy

__all__ = ["CHUNK_SIZE", "fused_cross_entropy"]
