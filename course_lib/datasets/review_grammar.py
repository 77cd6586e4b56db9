"""Film reviews written by a grammar, so that their true probabilities are known."""

from collections.abc import Iterable
from functools import cache

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.grammar_corpus import grammar_corpus
from course_lib.datasets.review_templates import RULES
from course_lib.datasets.templates import compile_templates
from course_lib.datasets.unifilar import State, Transition, UnifilarGrammar

__all__ = ["ReviewGrammar", "review_grammar_corpus"]


class ReviewGrammar(UnifilarGrammar):
    """Short film reviews in plain English, with an exact entropy floor.

    A review settles its verdict, genre and hero early and stays true to them: praise
    agrees with the verdict, pronouns and verbs with the hero, and what gets lost in
    one sentence is found by the same hero a few sentences later. A model that forgets
    pays for it.

    The terminals are the tokens of the course's word tokenizer: lower case, with
    punctuation marks as tokens of their own. After the last sentence, the score, the
    end of the document is certain.

    Example:
        >>> grammar = ReviewGrammar()
        >>> prefix = "what a grey , dull western".split()
        >>> grammar.next_token_distribution(prefix)
        {'!': 1.0}
        >>> grammar.entropy_floor(sequence_length=100) < 0.5
        True
    """

    def __init__(self) -> None:
        super().__init__(*_compiled())

    def to_text(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text: punctuation attaches to the word before it.

        Args:
            tokens: Terminals of the grammar.

        Returns:
            A text that the course's standardisation splits into the same tokens.

        Example:
            >>> ReviewGrammar().to_text(["i", "wouldn", "'t", "say", "no", "."])
            "i wouldn't say no."
        """
        spaced = (f" {token}" if token[0].isalnum() else token for token in tokens)
        return "".join(spaced).strip()


def review_grammar_corpus(num_documents: int = 10_000, seed: int = 0) -> Corpus:
    """Write a corpus of reviews with `ReviewGrammar`.

    Each split has a random stream of its own, none of them that of
    `ReviewGrammar().sample_tokens(..., seed)`.

    Args:
        num_documents: Reviews in all; a tenth each for validation and test.
        seed: The same seed gives the same corpus on every machine.

    Returns:
        A `Corpus`. No review is in two of its splits.

    Raises:
        ValueError: If `num_documents` is less than 10.

    Example:
        >>> corpus = review_grammar_corpus(num_documents=100)
        >>> len(corpus.train), len(corpus.validation), len(corpus.test)
        (80, 10, 10)
    """
    return grammar_corpus(ReviewGrammar(), "review_grammar", num_documents, seed)


@cache
def _compiled() -> tuple[dict[State, list[Transition]], State]:
    """Compile once, however many grammars are made."""
    return compile_templates(RULES, start="review")
