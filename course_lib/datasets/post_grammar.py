"""Posts about small disasters, written by a grammar with known probabilities."""

import re
from collections.abc import Iterable
from functools import cache

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.grammar_corpus import grammar_corpus
from course_lib.datasets.post_templates import RULES
from course_lib.datasets.templates import compile_templates
from course_lib.datasets.unifilar import State, Transition, UnifilarGrammar

__all__ = ["PostGrammar", "post_grammar_corpus"]

_CAPITALS = re.compile(r"\btl;dr\b|\bi\b|^\w|(?<=[.!?] )\w|(?<=tl;dr: )\w")


class PostGrammar(UnifilarGrammar):
    """Posts in the first person, like those of r/tifu, with an exact entropy floor.

    A post settles its place and the person who suffers, and stays true to them: what
    is at hand belongs to the place, pronouns and verbs agree with the person, and the
    last line (`TL;DR`) names the thing and what it broke, many sentences after they
    came up.

    The terminals are words in lower case, with punctuation marks as tokens of their
    own; `to_text` writes capitals where English has them.

    Example:
        >>> grammar = PostGrammar()
        >>> prefix = "i have lost keys since i was six . i only wanted to bake bread ,"
        >>> list(grammar.next_token_distribution(prefix.split()))
        ['so']
    """

    def __init__(self) -> None:
        super().__init__(*_compiled())

    def to_text(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text: marks attached, sentences begun with a capital.

        Args:
            tokens: Terminals of the grammar.

        Returns:
            A text that, in lower case, the course's standardisation splits into the
            same tokens.

        Example:
            >>> PostGrammar().to_text(["so", "i", "ran", ".", "tl", ";dr", ":", "oh"])
            'So I ran. TL;DR: Oh'
        """
        spaced = (f" {token}" if token[0].isalnum() else token for token in tokens)
        return _CAPITALS.sub(lambda match: match[0].upper(), "".join(spaced)[1:])


def post_grammar_corpus(num_documents: int = 10_000, seed: int = 0) -> Corpus:
    """Write a corpus of posts with `PostGrammar`.

    Args:
        num_documents: Posts in all; a tenth each for validation and test.
        seed: The same seed gives the same corpus on every machine.

    Returns:
        A `Corpus`. No post is in two of its splits.

    Raises:
        ValueError: If `num_documents` is less than 10.

    Example:
        >>> corpus = post_grammar_corpus(num_documents=100)
        >>> len(corpus.train), len(corpus.validation), len(corpus.test)
        (80, 10, 10)
    """
    return grammar_corpus(PostGrammar(), "post_grammar", num_documents, seed)


@cache
def _compiled() -> tuple[dict[State, list[Transition]], State]:
    """Compile once, however many grammars are made."""
    return compile_templates(RULES, start="post")
