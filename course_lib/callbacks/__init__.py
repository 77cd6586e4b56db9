"""Callbacks for `fit`: watch a model learn to write, and lose nothing to a crash."""

from course_lib.callbacks.resume import ResumableDataset, ResumableTraining
from course_lib.callbacks.text_generator import TextGenerator

__all__ = ["ResumableDataset", "ResumableTraining", "TextGenerator"]
