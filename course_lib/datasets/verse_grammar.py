"""Chinese verse written by a grammar, so that its true probabilities are known."""

from collections.abc import Iterable
from functools import cache

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.grammar_corpus import grammar_corpus
from course_lib.datasets.templates import compile_templates
from course_lib.datasets.unifilar import State, Transition, UnifilarGrammar
from course_lib.datasets.verse_templates import RULES

__all__ = ["VerseGrammar", "verse_grammar_corpus"]


class VerseGrammar(UnifilarGrammar):
    """Quatrains in Chinese, with an exact entropy floor.

    A poem settles its form (lines of five or of seven characters), season and rhyme
    early and stays true to them: each line has that length, what blooms and flies
    belongs to the season, the second and the fourth line rhyme (by the rhyme groups
    of the Tang), and the place of the first line or the person of the third may come
    back at the end. The terminals are characters and the marks `，` and `。`. It knows
    nothing of tones, and much less than a poet.

    Example:
        >>> grammar = VerseGrammar()
        >>> list(grammar.next_token_distribution("昨夜春風過山寺"))
        ['，']
        >>> grammar.to_text(grammar.sample_tokens(1, seed=1)[0])[-1]
        '。'
    """

    def __init__(self) -> None:
        super().__init__(*_compiled())

    def to_text(self, tokens: Iterable[str]) -> str:
        """Join characters to a poem on one line.

        Args:
            tokens: Terminals of the grammar.

        Returns:
            The poem, laid out as `datasets.chinese_poems` lays out the real ones.
        """
        return "".join(tokens)


def verse_grammar_corpus(num_documents: int = 10_000, seed: int = 0) -> Corpus:
    """Write a corpus of poems with `VerseGrammar`.

    Args:
        num_documents: Poems in all; a tenth each for validation and test.
        seed: The same seed gives the same corpus on every machine.

    Returns:
        A `Corpus`. No poem is in two of its splits.

    Raises:
        ValueError: If `num_documents` is less than 10.

    Example:
        >>> corpus = verse_grammar_corpus(num_documents=100)
        >>> len(corpus.train), len(corpus.validation), len(corpus.test)
        (80, 10, 10)
    """
    return grammar_corpus(VerseGrammar(), "verse_grammar", num_documents, seed)


@cache
def _compiled() -> tuple[dict[State, list[Transition]], State]:
    """Compile once, however many grammars are made."""
    return compile_templates(RULES, start="poem")
