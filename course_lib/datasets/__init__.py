"""Corpora, a grammar whose every probability is known, and batches of token ids."""

from course_lib.datasets import imdb
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.encode import concatenate_documents, encode_documents
from course_lib.datasets.manifest import DataError
from course_lib.datasets.review_grammar import ReviewGrammar, review_grammar_corpus
from course_lib.datasets.token_batches import TokenBatches

__all__ = [
    "Corpus",
    "DataError",
    "ReviewGrammar",
    "TokenBatches",
    "concatenate_documents",
    "encode_documents",
    "imdb",
    "review_grammar_corpus",
]
