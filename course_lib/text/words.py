"""From text to words and back, the way `TextVectorization` is used in the tutorials."""

import re
import string
from collections.abc import Iterable
from typing import Any

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[END]")

# The character class that the published tutorials write, `f"[{string.punctuation}]"`.
# In it `\]` stands for `]`, so that a backslash is no punctuation: kept for equality.
_PUNCTUATION = f"([{string.punctuation}])"

_OPENING = re.compile(r"[(\[{$#\"*~=_+<`][^\s]")  # glued to the word that follows


def standardize(texts: Any) -> Any:
    """Lower the case, drop line breaks, put a space before each punctuation mark.

    ASCII letters only are lowered, and `<br />` becomes a space. What follows a mark
    stays glued to it: `don't (really)` becomes `don 't (really )`.

    Args:
        texts: str, list of str or tf string tensor of any shape.

    Returns:
        A tf string tensor of the same shape. It is a valid `standardize` argument of
        `keras.layers.TextVectorization`.

    Example:
    >>> standardize("Don't<br />worry.").numpy().decode()
    "don 't worry ."
    """
    import tensorflow as tf

    lowered = tf.strings.lower(texts)
    without_breaks = tf.strings.regex_replace(lowered, "<br />", " ")
    return tf.strings.regex_replace(without_breaks, _PUNCTUATION, r" \1")


def split(texts: Any) -> Any:
    """Standardise, then split at white space.

    Args:
        texts: str, list of str or tf string tensor of shape `()` or `(B,)`.

    Returns:
        A tf string tensor `(num_words,)`, or a ragged one `(B, None)` for a batch.

    Example:
    >>> [word.decode() for word in split("A film, at last!").numpy()]
    ['a', 'film', ',', 'at', 'last', '!']
    """
    import tensorflow as tf

    return tf.strings.split(standardize(texts))


def join_words(words: Iterable[str]) -> str:
    """Put words back into a line of text, with punctuation where it belongs.

    The inverse of `split` as far as there is one: the case is gone, and so is whether
    white space stood before a mark. A mark is glued to the word before it, except an
    opening bracket or quote with its word glued to it.

    Args:
        words: iterable of str, as `split` makes them.

    Returns:
        The text.

    Example:
    >>> join_words(["i", "don", "'t", "(really", ")", "care", "."])
    "i don't (really) care."
    """
    text = ""
    for word in words:
        glued = re.match(_PUNCTUATION, word) and not _OPENING.match(word)
        special = word in SPECIAL_TOKENS
        text += word if (glued and not special) or not text else f" {word}"
    return text


def compute_word_vocabulary(texts: Iterable[str], vocabulary_size: int) -> list[str]:
    """The special tokens, then the most frequent words of `texts`, falling.

    Of equally frequent words, those that sort last come first, as in
    `keras.layers.TextVectorization.adapt`.

    Args:
        texts: iterable of str; only one batch at a time is tokenized.
        vocabulary_size: int, the most entries to return, special tokens included.

    Returns:
        A list of at most `vocabulary_size` str that begins `[PAD]`, `[UNK]`, `[END]`.

    Raises:
        ValueError: if `vocabulary_size` leaves no room for a word, or there is no
            word in `texts`.

    Example:
    >>> compute_word_vocabulary(["a film", "a good film", "a"], vocabulary_size=5)
    ['[PAD]', '[UNK]', '[END]', 'a', 'film']
    """
    import keras
    import tensorflow as tf

    if vocabulary_size <= len(SPECIAL_TOKENS):
        raise ValueError(
            f"`vocabulary_size` must be above {len(SPECIAL_TOKENS)}, the number of "
            f"special tokens. Received: vocabulary_size={vocabulary_size}"
        )
    if isinstance(texts, str):
        raise ValueError("`texts` must be an iterable of str. Received: one str")
    # `max_tokens` counts `TextVectorization`'s two special tokens: "" and "[UNK]".
    vectorization = keras.layers.TextVectorization(
        max_tokens=vocabulary_size - len(SPECIAL_TOKENS) + 2, standardize=standardize
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: iter(texts), output_signature=tf.TensorSpec((), tf.string)
    )
    vectorization.adapt(dataset.batch(256).prefetch(tf.data.AUTOTUNE))
    words = vectorization.get_vocabulary(include_special_tokens=False)
    if not words:
        raise ValueError("`texts` must hold at least one word. Received: none")
    return [*SPECIAL_TOKENS, *map(str, words)]
