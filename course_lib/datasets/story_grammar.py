"""Fairy tales written by a grammar, so that their true probabilities are known."""

import re
from collections.abc import Iterable
from functools import cache

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.grammar_corpus import grammar_corpus
from course_lib.datasets.story_templates import NAMES, RULES
from course_lib.datasets.templates import compile_templates
from course_lib.datasets.unifilar import State, Transition, UnifilarGrammar

__all__ = ["StoryGrammar", "story_grammar_corpus"]

_CAPITALS = re.compile(rf"(?:^|[.!?] )\w|\b(?:{'|'.join(NAMES)})\b")


class StoryGrammar(UnifilarGrammar):
    """Short fairy tales in plain English, with an exact entropy floor.

    A tale settles its country, its hero and the hero's virtue early and stays true to
    them: beasts and treasures belong to the country, pronouns and verbs agree with the
    hero, whoever is kind is helped in the end and whoever is proud is not, and what
    was lost in the second sentence is what is looked for in the last ones. A model
    that forgets pays for it.

    The terminals are words in lower case, with punctuation marks as tokens of their
    own; `to_text` writes capitals where English has them. After the last sentence the
    end of the document is certain.

    Example:
        >>> grammar = StoryGrammar()
        >>> prefix = "once upon a".split()
        >>> grammar.next_token_distribution(prefix)
        {'time': 1.0}
        >>> grammar.entropy_floor(sequence_length=128) < 0.6
        True
    """

    def __init__(self) -> None:
        super().__init__(*_compiled())

    def to_text(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text: marks attached, names and sentences with a capital.

        Args:
            tokens: Terminals of the grammar.

        Returns:
            A text that, in lower case, the course's standardisation splits into the
            same tokens.

        Example:
            >>> StoryGrammar().to_text(["the", "fox", "saw", "greta", "."])
            'The fox saw Greta.'
        """
        spaced = (f" {token}" if token[0].isalnum() else token for token in tokens)
        return _CAPITALS.sub(lambda match: match[0].title(), "".join(spaced).strip())


def story_grammar_corpus(num_documents: int = 10_000, seed: int = 0) -> Corpus:
    """Write a corpus of fairy tales with `StoryGrammar`.

    Args:
        num_documents: Tales in all; a tenth each for validation and test.
        seed: The same seed gives the same corpus on every machine.

    Returns:
        A `Corpus`. No tale is in two of its splits.

    Raises:
        ValueError: If `num_documents` is less than 10.

    Example:
        >>> corpus = story_grammar_corpus(num_documents=100)
        >>> len(corpus.train), len(corpus.validation), len(corpus.test)
        (80, 10, 10)
    """
    return grammar_corpus(StoryGrammar(), "story_grammar", num_documents, seed)


@cache
def _compiled() -> tuple[dict[State, list[Transition]], State]:
    """Compile once, however many grammars are made."""
    return compile_templates(RULES, start="tale")
