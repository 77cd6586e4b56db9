import dataclasses
import hashlib
import io
import json
import re
import zipfile

import pytest

from course_lib.datasets import chinese_poems
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.manifest import ASSETS, DataError, Structure

# Numbers in Chinese characters: poems of our own, all different.
DIGITS = "零一二三四五六七八九"
TINY = dataclasses.replace(
    ASSETS["chinese_poems"],
    structure=Structure(files={"全唐诗": 2}, suffix=".json", total_bytes=1_000_000),
)


def poem(number):
    name = "".join(DIGITS[int(digit)] for digit in f"{number:03}")
    paragraphs = [f"門前{name}樹，", f"月下{name}山。"]
    return {"author": "某", "title": "題", "paragraphs": paragraphs, "id": str(number)}


def record(*paragraphs):
    return {**poem(0), "paragraphs": list(paragraphs)}


CLEAN = [poem(number) for number in range(200)]
DIRTY = [
    record(),
    record("春□到山寺，月下有□人。"),
    record("門前零零九樹，", "月下零零九山。", "（同前）。"),
    record("門前零零七樹；月下零零七山！"),  # as the eighth, but for the marks
]
DROPPED = {
    "without text": 1,
    "with gaps or notes": 2,
    "handed down twice": 1,
    "with a line of another split": 0,
}


def files(first, second, top="chinese-poetry"):
    def packed(records):
        return json.dumps(records, ensure_ascii=False).encode()

    return {
        f"{top}/全唐诗/poet.tang.1000.json": packed(second),
        f"{top}/全唐诗/poet.tang.0.json": packed(first),
        # What the repository holds besides.
        f"{top}/全唐诗/poet.song.0.json": b"not read",
        f"{top}/全唐诗/error/poet.tang.0.json": b"not read",
        f"{top}/LICENSE": b"MIT",
    }


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ARCHIVE = zipped(files(CLEAN[:120], CLEAN[120:] + DIRTY))


@pytest.fixture
def load(cache, tmp_path, monkeypatch):
    """Loads poems from an archive of these bytes, which lies in `COURSE_DATA`."""
    path = tmp_path / "data" / TINY.path
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))

    def load(content):
        path.write_bytes(content)
        return chinese_poems.load(TINY)

    return load


def texts_of(corpus):
    return [*corpus.train, *corpus.validation, *corpus.test]


class TestLoad:
    def test_poems_are_lines_in_one(self, load, capsys):
        corpus = load(ARCHIVE)
        assert set(texts_of(corpus)) == {"".join(p["paragraphs"]) for p in CLEAN}
        assert corpus.dropped == DROPPED
        assert isinstance(corpus, Corpus) and corpus.name == "chinese_poems"
        assert corpus.sha256 == hashlib.sha256(ARCHIVE).hexdigest()
        assert "traditional script" in corpus.source
        printed = capsys.readouterr().out
        assert "in the traditional script: kept 200 of 204; dropped 1 with" in printed

    def test_the_name_of_the_repositorys_folder_does_not_matter(self, load):
        renamed = zipped(files(CLEAN[:120], CLEAN[120:], top="chinese-poetry-fa1814a"))
        assert load(renamed).train == load(ARCHIVE).train

    def test_is_split_without_overlap(self, load):
        corpus = load(ARCHIVE)
        assert len(set(texts_of(corpus))) == len(texts_of(corpus)) == 200
        assert corpus.validation and corpus.test and len(corpus.train) > 150

    def test_versions_of_a_poem_do_not_straddle_splits(self, load):
        versions = [
            record(*p["paragraphs"], f"又見{DIGITS[n]}人。")
            for n in (1, 2, 3)
            for p in CLEAN
        ]
        corpus = load(zipped(files(CLEAN, versions)))
        splits = corpus.train, corpus.validation, corpus.test
        lines = [{text[:6] for text in split} for split in splits]
        assert not lines[0] & lines[1] and not lines[0] & lines[2]
        assert not lines[1] & lines[2]
        dropped = corpus.dropped["with a line of another split"]
        assert len(texts_of(corpus)) + dropped == 800
        assert 0 < dropped < 160  # of the 10% held out

    def test_white_space_and_lonely_marks_are_no_verse(self, load):
        odd = record(" 門前有 樹，", "月下有山。\n", "。", "")
        (text,) = set(texts_of(load(zipped(files(CLEAN, [odd]))))) - set(
            texts_of(load(ARCHIVE))
        )
        assert text == "門前有樹，月下有山。"

    def test_reads_a_download(self, cache, host):
        host.answer = host.send(ARCHIVE)
        asset = dataclasses.replace(TINY, urls=(host.url,))
        downloaded, cached = chinese_poems.load(asset), chinese_poems.load(asset)
        assert downloaded.train == cached.train
        assert host.url in downloaded.source and "cache" in cached.source

    def test_smoke_offers_the_grammar(self, monkeypatch):
        monkeypatch.setenv("COURSE_PROFILE", "smoke")
        with pytest.raises(
            DataError, match=r"datasets\.verse_grammar_corpus\(\) writes"
        ):
            chinese_poems.load()


class TestDamage:
    @pytest.mark.parametrize(
        "content, problem",
        [
            (b"", "is damaged, cut short or no .zip archive"),
            (b"<html>Please log in</html>", "no .zip archive"),
            (ARCHIVE[: len(ARCHIVE) // 2], "no .zip archive"),
            (ARCHIVE[:-30], "no .zip archive"),
            (zipped({}), "2 poet.tang.*.json files in 全唐诗/. Found: 0"),
            (
                zipped(dict([*files(CLEAN, CLEAN).items()][1:])),
                "2 poet.tang.*.json files in 全唐诗/. Found: 1",
            ),
            (
                zipped(files(CLEAN, [{"author": "x"}])),
                "poet.tang.1000.json is no list of poems (KeyError",
            ),
            (
                zipped({**files(CLEAN, CLEAN), "a/全唐诗/poet.tang.0.json": b"[{"}),
                "Found: 3",
            ),
            (
                zipped(
                    {
                        **files(CLEAN, []),
                        "chinese-poetry/全唐诗/poet.tang.1000.json": b"\xff",
                    }
                ),
                "poet.tang.1000.json is no list of poems (UnicodeDecodeError",
            ),
            (
                zipped(files(CLEAN, [record("樹" * 400_000)])),
                "holds more text than the 1,000,000 bytes it may",
            ),
        ],
        ids=[
            *("empty", "html", "half", "no-end", "nothing", "one-file", "no-verse"),
            *("too-many", "binary", "bomb"),
        ],
    )
    def test_is_one_clear_error(self, load, content, problem):
        with pytest.raises(DataError, match=re.escape(problem)) as caught:
            load(content)
        assert "COURSE_DATA is no good" in str(caught.value)

    def test_one_flipped_bit(self, load):
        content = bytearray(zipped(files(CLEAN, CLEAN), zipfile.ZIP_STORED))
        content[content.index("門".encode()) + 1] ^= 1
        with pytest.raises(DataError, match="is damaged"):
            load(bytes(content))


@pytest.mark.realdata  # given COURSE_DATA, or skipped
def test_real_poems(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    corpus = chinese_poems.load()
    texts = texts_of(corpus)
    assert len(texts) + sum(corpus.dropped.values()) == 57_607
    assert len(texts) > 50_000
    characters = [re.sub(r"\W", "", text) for text in texts]
    assert len(set(characters)) == len(texts)
    # 5% of the poems, give or take 51, less the tenth that shares a line.
    assert 2_000 < len(corpus.test) < 2_600
    lines = [
        {line for text in split for line in re.findall(r"\w{5,}", text)}
        for split in (corpus.train, corpus.validation, corpus.test)
    ]
    assert not lines[0] & lines[1] and not (lines[0] | lines[1]) & lines[2]
    # The traditional script, not the simplified one.
    assert sum("門" in text for text in texts) > 1000
    assert sum("门" in text for text in texts) < 10
