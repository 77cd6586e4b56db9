"""The words that no text may hold which is shown to a class.

Curses can be bleeped and the rest of the text kept, since they add nothing to what is
told. A text with a word of sex, of self-harm, or a slur is better left out as a whole.

A list of words knows nothing of meaning. It drops a post about a rape alarm with the
rest, and misses whatever is crude in clean words: read what you show.
"""

import re
from collections.abc import Iterable

__all__ = ["BLEEP", "BLOCKED_WORDS", "CURSES", "bleep", "word_pattern"]

BLEEP = "****"

# A `*` stands for any letters, or none. What children hear on television (damn, crap,
# fart) stays.
CURSES = (
    *("*fuck*", "*shit*", "bitch*", "cunt*", "*asshole*", "*arsehole*"),
    *("dickhead*", "twat*", "wank*"),
)
BLOCKED_WORDS = (
    # sex
    *("dick", "dicks", "cock", "cocks", "*assplay"),
    *("sex", "sexual*", "sexy", "sext*", "porn*", "fetish*", "horny", "*masturbat*"),
    *("orgasm*", "erection*", "boner*", "ejaculat*", "cum", "cumming", "jizz*"),
    *("semen", "penis*", "vagina*", "pussy", "pussies", "tit", "tits", "titties"),
    *("boob*", "testicle*", "scrotum*", "genital*", "anal", "anus", "dildo*"),
    *("vibrator*", "blowjob*", "handjob*", "fap*", "condom*", "stripper*"),
    *("prostitut*", "hooker*", "whore*", "slut*", "rape*", "rapist*", "molest*"),
    # slurs
    *("nigg*", "fag*", "retard*", "tranny", "trannies"),
    # self-harm
    *("suicid*", "overdos*"),
)


def word_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds any of these words, in any case.

    Args:
        words: words in lower case; `*` stands for any letters, or none.

    Returns:
        A compiled pattern. Without words it finds nothing.

    Raises:
        TypeError: if `words` is one string.
        ValueError: if a word is empty, or nothing but `*`.

    Example:
        >>> bool(word_pattern(["darn*"]).search("Darned be the darned socks"))
        True
        >>> bool(word_pattern(["ass"]).search("a class of passengers"))
        False
    """
    if isinstance(words, str):
        raise TypeError(f"`words` must be many strings. Received one: {words[:40]!r}")
    words = list(words)
    for word in words:
        if not word.strip("* "):
            raise ValueError(f"`words` must hold words. Received: {word!r}")
    parts = [re.escape(word).replace(r"\*", r"\w*") for word in words]
    # `(?!)` never matches.
    return re.compile(rf"\b(?:{'|'.join(parts) or '(?!)'})\b", re.IGNORECASE)


def bleep(text: str, pattern: re.Pattern[str]) -> str:
    """Writes `****` for each word that a pattern finds, as television has a tone.

    Args:
        text: any text.
        pattern: what `word_pattern` returned.

    Returns:
        The text, otherwise as it was.

    Example:
        >>> bleep("Darn it, a goldarned sock!", word_pattern(["*darn*"]))
        '**** it, a **** sock!'
    """
    return pattern.sub(BLEEP, text)
