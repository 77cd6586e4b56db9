import csv
import dataclasses
import hashlib
import io
import json
import sys
import types

import pytest

from course_lib.datasets import reddit_posts, reddit_tifu
from course_lib.datasets.classroom_words import BLOCKED_WORDS, CURSES, word_pattern
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.manifest import ASSETS, DataError
from course_lib.datasets.splits import normalise

ASSET = ASSETS["reddit_tifu"]
HEADER = ["score", "title", "author", "selftext", "over_18"]
CLEAN = [
    {
        "title": f"TIFU by painting door {n}",
        "document": f"It was number {n}.\n\nTea &amp; paint.",
    }
    for n in range(200)
]
# One for each reason, some for more than one: the first counts.
DIRTY = [
    {"title": "Never mind", "document": "Only for adults, porn", "over_18": True},
    {"title": "[NSFW] TIFU", "document": "nothing to see"},
    {"title": "TIFU at home", "document": "It is nsfw, and sexy."},
    {"title": "Sex sells", "document": "at noon"},
    {"title": "TIFU by slipping", "document": "I went on an OVERDOSE of fuck."},
    {"title": "TIFU", "document": "[removed]"},
    {"title": "TIFU, in short", "document": " \n"},
    {"title": "Again", "document": "it was NUMBER 7; tea & paint"},
]
CURSING = [
    {"title": "TIFU by swearing", "document": "I said ABSOFUCKINGLUTELY, damn it."},
    {"title": "TIFU by tripping", "document": "Shit! It's bullshit-free, this shit."},
    {"title": "Shit happens", "document": "in a title, and titles are not kept"},
]
BLEEPED = {
    "I said ****, damn it.",
    "****! It's ****-free, this ****.",
    "in a title, and titles are not kept",
}
DROPPED = {
    "over 18": 1,
    "marked NSFW": 2,
    "held a blocked word": 2,
    "without text": 2,
    "posted twice": 1,
}


def as_json_lines(posts):
    return "\n".join(map(json.dumps, posts)).encode()


def as_csv(posts):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(HEADER)
    for post in posts:
        over_18 = str(post.get("over_18", False))
        writer.writerow([1, post["title"], "someone", post["document"], over_18])
    return buffer.getvalue().encode()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Ten posts are enough, and nobody has TensorFlow Datasets."""
    monkeypatch.setattr(reddit_posts, "LEAST_POSTS", 10)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)


@pytest.fixture
def load(cache, tmp_path, monkeypatch):
    """Loads posts from these bytes, which lie in `COURSE_DATA` under this name."""
    folder = tmp_path / "data" / "reddit_tifu"
    folder.mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))

    def load(content, filename="tifu.jsonl", **arguments):
        (folder / filename).write_bytes(content)
        return reddit_tifu.load(**arguments)

    return load


def texts_of(corpus):
    return [*corpus.train, *corpus.validation, *corpus.test]


class TestLoad:
    @pytest.mark.parametrize(
        "pack, filename", [(as_json_lines, "tifu.jsonl"), (as_csv, "tifu.csv")]
    )
    def test_drops_and_counts(self, load, capsys, pack, filename):
        content = pack(CLEAN + DIRTY)
        corpus = load(content, filename)
        expected = {f"It was number {n}.\n\nTea & paint." for n in range(200)}
        assert set(texts_of(corpus)) == expected
        assert corpus.dropped == DROPPED
        printed = capsys.readouterr().out
        assert f"read from COURSE_DATA (reddit_tifu/{filename})" in printed
        assert "kept 200 of 208, of these 0 bleeped; dropped 1 over 18, 2" in printed
        assert isinstance(corpus, Corpus) and corpus.name == "reddit_tifu"
        assert corpus.sha256 == hashlib.sha256(content).hexdigest()

    def test_without_the_filter_words_stay(self, load):
        corpus = load(as_json_lines(CLEAN + DIRTY), blocked_words=())
        assert corpus.dropped == {**DROPPED, "held a blocked word": 0}
        assert "I went on an OVERDOSE of ****." in texts_of(corpus)

    def test_curses_are_bleeped_and_their_posts_kept(self, load, capsys):
        corpus = load(as_json_lines(CLEAN + CURSING))
        assert len(texts_of(corpus)) == 203 and set(texts_of(corpus)) > BLEEPED
        assert corpus.bleeped == 2  # posts, not words
        assert "kept 203 of 203, of these 2 bleeped" in capsys.readouterr().out
        assert not any(corpus.dropped.values())

    def test_bleeps_of_ones_own_and_none(self, load):
        corpus = load(as_json_lines(CLEAN + CURSING), bleeped_words=["damn"])
        assert corpus.bleeped == 1
        assert "I said ABSOFUCKINGLUTELY, **** it." in texts_of(corpus)
        corpus = load(as_json_lines(CLEAN + CURSING), bleeped_words=())
        assert corpus.bleeped == 0
        assert {post["document"] for post in CURSING} < set(texts_of(corpus))

    def test_a_filter_of_ones_own(self, load):
        corpus = load(as_json_lines(CLEAN + DIRTY), blocked_words=["pain*"])
        assert corpus.dropped["held a blocked word"] == 201  # one of them twice
        assert texts_of(corpus)

    def test_names_of_writers_are_not_kept(self, load):
        assert not any(
            "someone" in text for text in texts_of(load(as_csv(CLEAN), "tifu.csv"))
        )

    def test_is_split_without_overlap_and_in_a_mixed_order(self, load):
        corpus = load(as_json_lines(CLEAN))
        splits = corpus.train, corpus.validation, corpus.test
        words = [{normalise(text) for text in split} for split in splits]
        assert sum(map(len, words)) == len(set().union(*words)) == 200
        # 10% are 20, give or take 4.2: 4 standard deviations are 17.
        assert 3 <= len(corpus.validation) <= 37 and 3 <= len(corpus.test) <= 37
        numbers = [int(text.split()[3].rstrip(".")) for text in corpus.train]
        assert numbers != sorted(numbers) and max(numbers[:50]) > 150
        reordered = load(as_json_lines(CLEAN[::-1]))
        assert (reordered.train, reordered.test) == (corpus.train, corpus.test)

    def test_reads_a_download(self, cache, host):
        host.answer = host.send(as_csv(CLEAN))
        asset = dataclasses.replace(ASSET, urls=(host.url,))
        downloaded, cached = (
            reddit_tifu.load(asset=asset),
            reddit_tifu.load(asset=asset),
        )
        assert downloaded.train == cached.train and len(texts_of(cached)) == 200
        assert host.url in downloaded.source and "cache" in cached.source

    def test_smoke_offers_the_grammar(self, monkeypatch):
        monkeypatch.setenv("COURSE_PROFILE", "smoke")
        with pytest.raises(
            DataError, match=r"datasets\.post_grammar_corpus\(\) writes"
        ):
            reddit_tifu.load()


class TestPublished:
    @pytest.fixture
    def tfds(self, monkeypatch):
        """What of TensorFlow Datasets is used; `rows` is what it holds."""
        module = types.ModuleType("tensorflow_datasets")
        module.rows = [
            {"title": p["title"].encode(), "documents": p["document"].encode()}
            for p in CLEAN
        ]

        def load(name, split):
            assert (name, split) == ("reddit_tifu/short", "train")
            if isinstance(module.rows, Exception):
                raise module.rows
            return module.rows

        module.load, module.as_numpy = load, iter
        monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
        return module

    def test_comes_first(self, tfds, load, capsys):
        corpus = load(as_json_lines(CLEAN[:20]))
        assert len(texts_of(corpus)) == 200
        assert "Kim et al. 2019" in corpus.source
        assert "read from TensorFlow Datasets" in capsys.readouterr().out

    def test_can_be_passed_over(self, tfds, load):
        corpus = load(as_json_lines(CLEAN[:20]), published=False)
        assert len(texts_of(corpus)) == 20

    def test_without_network_the_small_set_takes_its_place(self, tfds, load, capsys):
        tfds.rows = ConnectionError("no way\nto the host")
        assert len(texts_of(load(as_json_lines(CLEAN[:20])))) == 20
        printed = capsys.readouterr().out
        assert "cannot be had (ConnectionError: no way): the small set" in printed

    def test_without_the_package(self, load, capsys):
        assert len(texts_of(load(as_json_lines(CLEAN[:20])))) == 20
        assert "cannot be had (ModuleNotFoundError" in capsys.readouterr().out

    def test_required_but_not_to_be_had(self, load):
        with pytest.raises(DataError, match="pip install tensorflow-datasets"):
            load(as_json_lines(CLEAN), published=True)


class TestDamage:
    @pytest.mark.parametrize(
        "content, filename, problem",
        [
            (b"", "tifu.jsonl", "at least 10 posts. Found: 0"),
            (as_json_lines(CLEAN[:9]), "tifu.jsonl", "at least 10 posts. Found: 9"),
            (as_json_lines(CLEAN)[:-5], "tifu.jsonl", "is damaged"),
            (b'{"title": "x"}\n' * 20, "tifu.jsonl", "post 1 has no `title` or no"),
            (b'["x", "y"]\n' * 20, "tifu.jsonl", "is damaged|post 1 has no"),
            (b"<html>\n<p>Log in</p>\n", "tifu.csv", "post 1 has no"),
            (as_csv(CLEAN)[:-9], "tifu.csv", "post 200 has `over_18`"),
            (as_csv(CLEAN)[:-30], "tifu.csv", "post 200 has `over_18`"),
            (as_csv(CLEAN).replace(b"False", b"maybe"), "tifu.csv", "'maybe'"),
            ("Café".encode("latin-1") * 9, "tifu.csv", "is damaged.*utf-8"),
        ],
        ids=[
            *("empty", "few", "half-json", "no-document", "no-object", "html"),
            *("half-word", "half-row", "no-mark", "latin-1"),
        ],
    )
    def test_is_one_clear_error(self, load, content, filename, problem):
        with pytest.raises(DataError, match=f"(?s)COURSE_DATA is no good.*({problem})"):
            load(content, filename)


@pytest.mark.realdata  # given COURSE_DATA, or skipped
def test_real_posts(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    everything = reddit_tifu.load(published=False, blocked_words=(), bleeped_words=())
    corpus = reddit_tifu.load(published=False)
    assert sum(everything.dropped.values()) + len(texts_of(everything)) == 898
    assert sum(corpus.dropped.values()) + len(texts_of(corpus)) == 898
    assert corpus.dropped["held a blocked word"] == 308
    assert len(texts_of(corpus)) == 580 and 300 < corpus.bleeped < 450
    assert not any(
        word_pattern(BLOCKED_WORDS + CURSES).search(text) for text in texts_of(corpus)
    )
    assert min(len(corpus.validation), len(corpus.test)) > 10
    assert not set(corpus.train) & set(corpus.test)
