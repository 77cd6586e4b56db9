import random

import pytest

from course_lib.datasets.manifest import DataError
from course_lib.datasets.text_encoding import decode

ENGLISH = "Once upon a time there was a crow who was thirsty.\n"
FRENCH = (
    "Le renard et la cigogne dînèrent ensemble un soir d'été.\n"
    "Où donc était passé l'âne ? Personne ne l'avait aperçu à la fête.\n"
    "« C'est bien étrange, dit la mère, il avait pourtant été invité. »\n"
)
RUSSIAN = "Однажды ворона очень хотела пить и нашла кувшин с водой.\n" * 3
CHINESE = "从前有一只乌鸦，它很渴，到处找水喝。后来它看见一个瓶子。\n" * 3
JAPANESE = "むかしむかし、のどがかわいたカラスがいました。水をさがしていました。\n" * 3
GREEK = "Μια φορά κι έναν καιρό ένα κοράκι διψούσε πολύ και βρήκε νερό.\n" * 3


def failure(content, **arguments):
    with pytest.raises(DataError) as caught:
        decode("tale.txt", content, **arguments)
    return str(caught.value)


@pytest.mark.parametrize("text", [ENGLISH, FRENCH, RUSSIAN, CHINESE, "", "\n"])
def test_utf8(text):
    assert decode("tale.txt", text.encode()) == (text, "utf-8")


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("text", [ENGLISH, FRENCH, CHINESE])
def test_marks(text, codec):
    assert decode("tale.txt", text.encode(codec)) == (text, codec)


@pytest.mark.parametrize("text", [ENGLISH, FRENCH])
def test_big_endian(text):
    content = "\ufeff".encode("utf-16-be") + text.encode("utf-16-be")
    assert decode("tale.txt", content)[0] == text


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (FRENCH, "cp1252"),
        (FRENCH, "latin-1"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (CHINESE, "gb18030"),
        (CHINESE, "big5"),
        (JAPANESE, "shift-jis"),
        (JAPANESE, "euc-jp"),
        (GREEK, "cp1253"),
    ],
)
@pytest.mark.parametrize("english", [0, 200])
def test_finds_other_encodings(text, codec, english):
    """However much English there is around."""
    text = ENGLISH * english + text.replace("瓶", "水")
    content = text.encode(codec, "ignore")
    assert decode("tale.txt", content)[0] == content.decode(codec)


@pytest.mark.parametrize(
    "text", ["Café", "L'âne était à l'ombre.", "“It’s only a test”"]
)
def test_short_texts_count_as_western(text):
    assert decode("tale.txt", text.encode("cp1252")) == (text, "cp1252")


def test_the_encoding_that_is_given_wins():
    content = RUSSIAN.encode("cp1251")
    assert decode("a.txt", content, "latin-1") == (content.decode("latin-1"), "latin-1")
    assert decode("a.txt", FRENCH.encode(), "utf-8")[0] == FRENCH


@pytest.mark.parametrize(
    "content",
    [
        FRENCH.encode() + FRENCH.encode("cp1252"),
        FRENCH.encode("cp1252") * 5 + FRENCH.encode(),
        FRENCH.encode() * 20 + b"It\x92s only one.\n",
        FRENCH.encode()[:-3] + "é".encode()[:1],
        CHINESE.encode() + CHINESE.encode("gb18030"),
    ],
    ids=["halves", "less-utf8", "one-byte", "cut", "chinese"],
)
def test_mixed_encodings(content):
    assert "tale.txt mixes encodings" in failure(content)


def test_mixed_encodings_names_the_line():
    content = FRENCH.encode() * 2 + b"It\x92s only one.\n" + FRENCH.encode()
    assert "line 7 is not" in failure(content)


def test_wrong_encoding():
    message = failure(ENGLISH.encode() * 2 + "Fête\n".encode("cp1252"), encoding="utf8")
    assert "tale.txt is not in utf8: see its line 3" in message


def test_unknown_encoding():
    with pytest.raises(ValueError, match=r"`encoding` must be a codec.*'klingon'"):
        decode("tale.txt", b"x", "klingon")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "is a PDF"),
        (b"PK\x03\x04\x14\x00", "is an office document, an e-book or another"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00", "is an office document"),
        (rb"{\rtf1\ansi Once}", "is a rich-text document"),
        (b"\x1f\x8b\x08\x00", "is packed with gzip"),
        (b"\n<!DOCTYPE html><p>Once", "is a web page"),
        (b"<html lang='en'>", "is a web page"),
        (b'<?xml version="1.0"?>\n<html>', "is a web page"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is binary"),
        (b"GIF89a\x01\x00\x01", "is binary"),
        (b"text and\x00 then a zero", "is binary"),
        (bytes(range(1, 32)) * 9, "is binary"),
        (random.Random(0).randbytes(10_000), "is binary"),
        (random.Random(0).randbytes(10_000).replace(b"\0", b""), "is binary"),
    ],
)
def test_what_is_no_text(content, problem):
    message = failure(content)
    assert f"tale.txt {problem}" in message
    assert "Save it as plain text in UTF-8" in message


def test_a_stray_control_character_is_no_reason_to_refuse():
    text = ENGLISH * 10 + "\x0c" + ENGLISH + "\x1a"
    assert decode("tale.txt", text.encode())[0] == text
