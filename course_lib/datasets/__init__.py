"""Corpora: real reviews, and a grammar whose every probability is known."""

from course_lib.datasets import imdb
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.manifest import DataError
from course_lib.datasets.review_grammar import ReviewGrammar, review_grammar_corpus

__all__ = ["Corpus", "DataError", "ReviewGrammar", "imdb", "review_grammar_corpus"]
