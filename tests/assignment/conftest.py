"""One corpus and one model, trained once, for all tests of the marking."""

import contextlib
import shutil
import warnings
from functools import cached_property

import pytest

from tests.assignment import makers


class Workshop:
    """The solution, and what other submissions are made of."""

    def __init__(self, folder):
        self.solution = folder / "solution"
        makers.write_corpus(self.solution / "corpus")
        self.corpus = makers.read(self.solution / "corpus")
        tokenizer = makers.word_tokenizer(self.corpus.train)
        self.gpt = makers.train(makers.new_gpt(tokenizer), self.corpus.train)
        makers.submit(self.solution, self.gpt, self.corpus)

    def copy(self, folder):
        shutil.copytree(self.solution, folder)
        return folder

    @cached_property
    def trained_on_all(self):
        """Of vocabulary and weights that the held-out text went into."""
        texts = [*self.corpus.train, *self.corpus.validation, *self.corpus.test]
        gpt = makers.new_gpt(makers.word_tokenizer(texts))
        return makers.train(gpt, texts)

    @cached_property
    def trained_on_test(self):
        gpt = makers.new_gpt(makers.word_tokenizer(self.corpus.train))
        return makers.train(gpt, self.corpus.test)

    @cached_property
    def not_shifted(self):
        """Trained to say the word that it has just read."""
        gpt = makers.new_gpt(makers.word_tokenizer(self.corpus.train))
        return makers.train(gpt, self.corpus.train, steps=100, shift=0)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    with warnings.catch_warnings(), contextlib.redirect_stdout(None):
        warnings.simplefilter("ignore")
        return Workshop(tmp_path_factory.mktemp("workshop"))
