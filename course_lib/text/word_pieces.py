"""WordPiece: a vocabulary of sub-words, and sub-words as a line of text."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

WORD_PIECE_SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[BOS]")

_CLOSING = frozenset(".,;:!?)]}%…”’")  # no space before
_OPENING = frozenset("([{“‘$")  # no space after
_JOINING = frozenset("-—–/")  # neither
_PAIRED = frozenset("\"'_")  # opening and closing in turn
_CONTRACTED = frozenset(["s", "t", "d", "m", "ll", "re", "ve"])  # after an apostrophe


def compute_word_piece_vocabulary(
    texts: Iterable[str],
    vocabulary_size: int,
    cache_dir: str | os.PathLike | None = None,
) -> list[str]:
    """Learn sub-words: all characters, and pieces of words that occur often.

    `keras_hub.tokenizers.compute_word_piece_vocabulary` in lower case. It counts the
    words, takes as candidates all beginnings and continuations of words, drops those
    that longer pieces make rare, and searches the least count that leaves at most
    `vocabulary_size` of them. That count is a whole number, so there may be fewer.

    Args:
        texts: iterable of str; a batch at a time is read. With `cache_dir`, it is read
            twice.
        vocabulary_size: int, the most entries to return, special tokens included.
        cache_dir: a folder, or `None`. What was once learned from the same texts is
            read from there, and otherwise stored there: six million words take a
            second to hash, and a minute to learn from.

    Returns:
        A list of at most `vocabulary_size` str that begins `[PAD]`, `[UNK]`, `[BOS]`.
        Those that continue a word begin with `##`.

    Raises:
        ValueError: if `texts` is one str or can be read only once, or there is no word
            in it.

    Example:
    >>> vocabulary = compute_word_piece_vocabulary(["he sang", "she rang"], 30)
    >>> vocabulary[:5]
    ['[PAD]', '[UNK]', '[BOS]', 'a', 'e']

    Reference:
        Schuster and Nakajima, "Japanese and Korean Voice Search" (2012), section 2;
        TensorFlow Text, "Subword tokenizers", for the algorithm in use.
    """
    if isinstance(texts, str):
        raise ValueError("`texts` must be an iterable of str. Received: one str")
    if vocabulary_size <= len(WORD_PIECE_SPECIAL_TOKENS):
        raise ValueError(
            f"`vocabulary_size` must be above {len(WORD_PIECE_SPECIAL_TOKENS)}, the "
            f"number of special tokens. Received: vocabulary_size={vocabulary_size}"
        )
    if cache_dir is None:
        return _learn(texts, vocabulary_size)
    if iter(texts) is texts:
        raise ValueError(
            "`texts` must be readable twice with `cache_dir`: a list or a sequence. "
            f"Received: {type(texts).__name__}"
        )
    name = f"word_pieces-{vocabulary_size}-{_digest(texts)}.txt"
    path = Path(cache_dir, name)
    if path.is_file():
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    vocabulary = _learn(texts, vocabulary_size)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        temporary = Path(folder, name)
        temporary.write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
        temporary.replace(path)  # whole or not at all
    return vocabulary


def join_word_pieces(pieces: Iterable[str]) -> str:
    """Put sub-words and marks back into a line of text.

    The inverse of WordPiece as far as there is one: the case is gone, and so is where
    white space stood around marks. It is guessed: straight quotes open and close in
    turn, and an apostrophe joins the `s` or `t` that follows it. Each piece adds to
    the end of the text and changes nothing before, so a text can be shown while it is
    generated.

    Args:
        pieces: iterable of str, entries of a vocabulary.

    Returns:
        The text.

    Example:
    >>> join_word_pieces(["don", "'", "t", "go", ",", "fox", "##es", "!"])
    "don't go, foxes!"
    """
    text = ""
    glued = True  # whether the next word follows without a space
    open_marks: set[str] = set()
    for piece in pieces:
        if piece.startswith("##") and len(piece) > 2:
            text += piece[2:]
            continue
        if text[-1:] in ("'", "’") and text[-2:-1].isalnum():
            glued = piece in _CONTRACTED
            if not glued:  # it was no apostrophe: it closed a quotation
                open_marks.discard(text[-1])
        opens, closes = piece in _OPENING, piece in _CLOSING
        if piece in _JOINING:
            opens = closes = True
        elif piece == "'" and text[-1:].isalnum():
            closes = True
        elif piece in _PAIRED:
            closes = piece in open_marks
            opens = not closes
            open_marks ^= {piece}
        text += piece if glued or closes else f" {piece}"
        glued = opens
    return text


def _learn(texts: Iterable[str], vocabulary_size: int) -> list[str]:
    import keras_hub
    import tensorflow as tf

    dataset = tf.data.Dataset.from_generator(
        lambda: iter(texts), output_signature=tf.TensorSpec((), tf.string)
    )
    try:
        return keras_hub.tokenizers.compute_word_piece_vocabulary(
            dataset.batch(256).prefetch(tf.data.AUTOTUNE),
            vocabulary_size,
            lowercase=True,
            reserved_tokens=list(WORD_PIECE_SPECIAL_TOKENS),
        )
    except StopIteration:  # it looked for a first word
        raise ValueError(
            "`texts` must hold at least one word. Received: none"
        ) from None


def _digest(texts: Iterable[str]) -> str:
    """A name for these texts, in this order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{len(text)}:{text}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
