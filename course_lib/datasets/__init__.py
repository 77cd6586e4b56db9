"""Corpora, grammars whose every probability is known, and batches of token ids."""

from course_lib.datasets import chinese_poems, imdb, reddit_tifu, simplebooks
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.encode import concatenate_documents, encode_documents
from course_lib.datasets.filtered_corpus import FilteredCorpus
from course_lib.datasets.from_text import TextCorpus, from_text
from course_lib.datasets.lines import Lines
from course_lib.datasets.manifest import DataError
from course_lib.datasets.post_grammar import PostGrammar, post_grammar_corpus
from course_lib.datasets.review_grammar import ReviewGrammar, review_grammar_corpus
from course_lib.datasets.story_grammar import StoryGrammar, story_grammar_corpus
from course_lib.datasets.text_report import TextReport
from course_lib.datasets.token_batches import TokenBatches
from course_lib.datasets.verse_grammar import VerseGrammar, verse_grammar_corpus

__all__ = [
    "Corpus",
    "DataError",
    "FilteredCorpus",
    "Lines",
    "PostGrammar",
    "ReviewGrammar",
    "StoryGrammar",
    "TextCorpus",
    "TextReport",
    "TokenBatches",
    "VerseGrammar",
    "chinese_poems",
    "concatenate_documents",
    "encode_documents",
    "from_text",
    "imdb",
    "post_grammar_corpus",
    "reddit_tifu",
    "review_grammar_corpus",
    "simplebooks",
    "story_grammar_corpus",
    "verse_grammar_corpus",
]
