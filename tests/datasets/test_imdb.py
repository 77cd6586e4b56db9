import dataclasses
import gzip
import hashlib
import io
import os
import random
import tarfile
import zlib
from pathlib import Path

import pytest

from course_lib.datasets import imdb
from course_lib.datasets.manifest import ASSETS, DataError, Structure
from course_lib.datasets.splits import normalise

FOLDERS = tuple(ASSETS["imdb"].structure.files)
REVIEWS = {
    f"{folder}/{n}_{n % 10 + 1}.txt": f"Film {n} of {folder}.<br /><br />Café!".encode()
    for folder in FOLDERS
    for n in range(30)
}
# What the published archive holds besides.
OTHERS = {
    "aclImdb/README": b"Large Movie Review Dataset v1.0",
    "aclImdb/train/unsup/0_0.txt": b"A review that no one labelled.",
    "aclImdb/train/pos/urls.feat": b"0:1",
}
TINY = dataclasses.replace(
    ASSETS["imdb"],
    structure=Structure(
        files=dict.fromkeys(FOLDERS, 30),
        suffix=".txt",
        total_bytes=sum(map(len, REVIEWS.values())),
    ),
)


def packed(members, *extra):
    """A `.tar.gz` of name -> content, and of further `TarInfo`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for member in extra:
            archive.addfile(member)
    return gzip.compress(buffer.getvalue(), mtime=0)


def garbled_after(content):
    """A gzip stream that no one can unpack, long after its content."""
    packer = zlib.compressobj(wbits=31)
    content += random.Random(0).randbytes(400_000)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 20


ARCHIVE = packed({**OTHERS, **REVIEWS})


@pytest.fixture
def load(cache, tmp_path, monkeypatch):
    """Loads reviews from an archive of these bytes, which lies in `COURSE_DATA`."""
    path = tmp_path / "data" / TINY.path
    path.parent.mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))

    def load(content):
        path.write_bytes(content)
        return imdb.load(TINY)

    return load


def texts_of(corpus):
    return [*corpus.train, *corpus.validation, *corpus.test]


def failure(load, content):
    with pytest.raises(DataError) as caught:
        load(content)
    assert "Replace it, or unset COURSE_DATA" in str(caught.value)
    return str(caught.value)


def with_review(content):
    """An archive with one review replaced, and as long as it should be."""
    first, second, *_ = REVIEWS
    surplus = len(REVIEWS[first]) + len(REVIEWS[second]) - len(content)
    return packed({**REVIEWS, first: content, second: b"x" * surplus})


class TestLoad:
    def test_holds_the_labelled_reviews_raw(self, load):
        corpus = load(ARCHIVE)
        assert sorted(texts_of(corpus)) == sorted(t.decode() for t in REVIEWS.values())
        assert corpus.name == "imdb"
        assert corpus.sha256 == hashlib.sha256(ARCHIVE).hexdigest()
        assert "COURSE_DATA" in corpus.source and "Maas" in corpus.source

    def test_does_not_depend_on_how_the_archive_is_packed(self, load):
        repacked = packed(dict(reversed(REVIEWS.items())))
        a, b = load(ARCHIVE), load(repacked)
        assert (a.train, a.validation, a.test) == (b.train, b.validation, b.test)

    def test_order_mixes_folders(self, load):
        start = " ".join(load(ARCHIVE).train[:20])
        assert all(folder in start for folder in FOLDERS)

    def test_identical_reviews_are_kept_once(self, load):
        twin = list(REVIEWS.values())[-1]
        texts = texts_of(load(with_review(twin)))
        assert len(texts) == len(set(texts)) == len(REVIEWS) - 1

    def test_reads_a_download(self, cache, host):
        host.answer = host.send(ARCHIVE)
        asset = dataclasses.replace(
            TINY,
            urls=(host.url,),
            bytes=len(ARCHIVE),
            hashes={"md5": hashlib.md5(ARCHIVE).hexdigest()},
        )
        downloaded, cached = imdb.load(asset), imdb.load(asset)
        assert downloaded.train == cached.train
        assert len(texts_of(downloaded)) == len(REVIEWS)
        assert host.url in downloaded.source and "cache" in cached.source

    def test_smoke_offers_the_grammar(self, monkeypatch):
        monkeypatch.setenv("COURSE_PROFILE", "smoke")
        with pytest.raises(DataError, match=r"datasets\.review_grammar_corpus\(\)"):
            imdb.load()


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"<html>Please log in</html>",
            gzip.decompress(ARCHIVE),
            ARCHIVE[: len(ARCHIVE) // 2],
            ARCHIVE[:-4],
            gzip.compress(gzip.decompress(ARCHIVE)[:20_000]),
            gzip.compress(b"not a tar" * 1000),
            garbled_after(gzip.decompress(ARCHIVE)),
        ],
        ids=[
            "empty",
            "html",
            "tar",
            "half",
            "no-trailer",
            "half-tar",
            "no-tar",
            "garbage-after-tar",
        ],
    )
    def test_corrupt_or_truncated(self, load, content):
        assert "is damaged, cut short or no .tar.gz archive" in failure(load, content)

    def test_nonsense_header(self, load):
        member = tarfile.TarInfo("aclImdb/README")
        member.pax_headers = {"GNU.sparse.map": "nonsense"}
        assert "is damaged" in failure(load, packed(REVIEWS, member))

    @pytest.mark.parametrize("where", [0.1, 0.5, 0.9, 1.0])
    def test_one_flipped_bit(self, load, where):
        content = bytearray(ARCHIVE)
        content[int(where * (len(content) - 8))] ^= 1  # at 1.0, in the checksum
        failure(load, bytes(content))

    def test_sound_archive_works_after_a_failure(self, load):
        failure(load, ARCHIVE[:-4])
        assert len(texts_of(load(ARCHIVE))) == len(REVIEWS)


class TestUnsafeMembers:
    @pytest.mark.parametrize(
        "name",
        [
            "../evil.txt",
            "/evil.txt",
            "aclImdb/train/pos/../../../../evil.txt",
            r"..\evil.txt",
            r"C:\evil.txt",
        ],
    )
    def test_escape_is_refused(self, load, tmp_path, name):
        message = failure(load, packed({**REVIEWS, name: b"evil"}))
        assert "unsafe" in message and "escapes its folder" in message
        assert not list(tmp_path.parent.rglob("evil.txt"))

    @pytest.mark.parametrize(
        "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    )
    def test_links_and_devices_are_refused(self, load, kind):
        member = tarfile.TarInfo("aclImdb/train/pos/link.txt")
        member.type, member.linkname = kind, "/etc/hostname"
        assert "is a link or a device" in failure(load, packed(REVIEWS, member))


class TestStructure:
    def test_missing_folder(self, load):
        reviews = {k: v for k, v in REVIEWS.items() if "test/neg" not in k}
        assert "30 .txt files in aclImdb/test/neg/. Found: 0" in failure(
            load, packed(reviews)
        )

    def test_too_few_reviews(self, load):
        reviews = dict(list(REVIEWS.items())[1:])
        assert "30 .txt files in aclImdb/train/pos/. Found: 29" in failure(
            load, packed(reviews)
        )

    def test_too_little_text(self, load):
        name = next(iter(REVIEWS))
        assert "bytes of text" in failure(load, packed({**REVIEWS, name: b"short"}))

    def test_too_much_text(self, load):
        name = next(iter(REVIEWS))
        bomb = packed({**REVIEWS, name: bytes(10_000_000)})
        assert "holds more text than" in failure(load, bomb)

    @pytest.mark.parametrize(
        "content, problem",
        [
            (b"", "is empty"),
            (b" \n\t ", "is empty"),
            (b"\x00\x01\x02", "is binary"),
            (b"\x89PNG\r\n", "is not UTF-8"),
            ("Café".encode("latin-1"), "is not UTF-8"),
        ],
    )
    def test_review_that_is_no_text(self, load, content, problem):
        message = failure(load, with_review(content))
        assert f"aclImdb/train/pos/0_1.txt {problem}" in message


@pytest.mark.realdata  # given COURSE_DATA, or skipped
def test_real_reviews(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    corpus = imdb.load()
    splits = corpus.train, corpus.validation, corpus.test
    texts = texts_of(corpus)
    # The archive's 50,000 files (the manifest's structure) hold 49,582 reviews.
    assert len(texts) == len(set(texts)) == 49_582
    # 5% of them are 2,479, give or take 49: 4 standard deviations are 194.
    assert abs(len(corpus.validation) - 2_479) < 194
    assert abs(len(corpus.test) - 2_479) < 194

    words = [{normalise(text) for text in split} for split in splits]
    assert not words[0] & words[1] and not words[0] & words[2]
    assert not words[1] & words[2]

    archive = Path(os.environ["COURSE_DATA"], ASSETS["imdb"].path)
    assert corpus.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
