import dataclasses
import errno
import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from course_lib.datasets import Lines, simplebooks, unpack
from course_lib.datasets.manifest import ASSETS, DataError, Edition, Structure

FOLDER = "simplebooks/simplebooks-92-raw"
SHORT, LONG = "“No,” said she.", "The café by the sea was old and grey. " * 14
FILES = {
    f"{FOLDER}/{split}.txt": "\n\n".join(
        [f"Chapter of {split}", f"{split} {LONG}", SHORT, f"{LONG} {split}"]
    ).encode()
    for split in ("train", "valid", "test")
}
# What the published archive holds besides.
OTHERS = {"simplebooks/README.md": b"SimpleBooks", f"{FOLDER}/": b""}
SIMPLEBOOKS_2 = {
    f"simplebooks/simplebooks-2/{split}.txt": f"It was {split} .\n\nHurray !\n".encode()
    for split in ("train", "valid", "test")
}
STAND_IN = Edition(
    title="a stand-in",
    licence="public domain",
    citation="us",
    sizes=tuple(map(len, FILES.values())),
)
TINY = dataclasses.replace(
    ASSETS["simplebooks"],
    structure=Structure(
        files={FOLDER: 3}, suffix=".txt", total_bytes=20_000, editions=(STAND_IN,)
    ),
)


def packed(members):
    """A `.zip` of name -> content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)  # always of the same date
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


ARCHIVE = packed({**OTHERS, **FILES})


@pytest.fixture
def course_data(cache, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    (folder / TINY.name).mkdir(parents=True)
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return folder


@pytest.fixture
def load(course_data):
    """Loads novels from an archive of these bytes, which lies in `COURSE_DATA`."""

    def load(content=ARCHIVE, asset=TINY, **kwargs):
        (course_data / TINY.path).write_bytes(content)
        return simplebooks.load(asset=asset, **kwargs)

    return load


def names_under(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def failure(load, content):
    with pytest.raises(DataError) as caught:
        load(content)
    assert "Replace it, or unset COURSE_DATA" in str(caught.value)
    assert "course_lib.datasets.story_grammar_corpus()" in str(caught.value)
    return str(caught.value)


class TestLoad:
    def test_holds_the_long_paragraphs_in_order(self, load):
        corpus = load()
        assert list(corpus.train) == [f"train {LONG}".strip(), f"{LONG} train"]
        assert list(corpus.validation) == [f"valid {LONG}".strip(), f"{LONG} valid"]
        assert list(corpus.test) == [f"test {LONG}".strip(), f"{LONG} test"]
        assert corpus.name == "simplebooks"
        assert corpus.sha256 == hashlib.sha256(ARCHIVE).hexdigest()

    def test_another_length(self, load):
        assert len(load(minimum_length=0).train) == 4
        assert SHORT in load(minimum_length=0).train
        assert len(load(minimum_length=15).train) == 3

    def test_stays_on_disk_and_is_unpacked_once(self, load, cache):
        corpus = load()
        assert isinstance(corpus.train, Lines)
        assert corpus.train.path.is_relative_to(cache)
        before = {path: path.stat().st_mtime_ns for path in cache.rglob("*.txt")}
        assert len(before) == 3
        load(minimum_length=0)
        assert before == {p: p.stat().st_mtime_ns for p in cache.rglob("*.txt")}

    def test_another_archive_does_not_disturb_the_first(self, load):
        first = load()
        other = load(packed({**FILES, f"{FOLDER}/train.txt": f"Other {LONG}".encode()}))
        assert first.train[0].startswith("train")
        assert other.train[0].startswith("Other")

    def test_a_damaged_copy_in_the_cache_is_unpacked_again(self, load):
        path = load().train.path
        path.write_bytes(path.read_bytes().replace(b"old", b"new"))
        assert load().train[0].startswith("train The café by the sea was old")

    def test_never_holds_a_split_in_memory(self, load, monkeypatch):
        """Only pieces of the archive and single lines are read."""
        large = ("x" * 70 + " ") * 10 + "\n"
        content = packed({**FILES, f"{FOLDER}/train.txt": large.encode() * 3000})
        asset = dataclasses.replace(
            TINY, structure=dataclasses.replace(TINY.structure, total_bytes=10**7)
        )
        monkeypatch.setattr(unpack, "CHUNK", 1 << 14)
        sizes, read = [], zipfile.ZipExtFile.read

        def counted(self, n=-1):
            sizes.append(n)
            return read(self, n)

        monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
        corpus = load(content, asset=asset)
        assert len(corpus.train) == 3000
        assert sizes and set(sizes) == {1 << 14}

    def test_reads_a_download(self, cache, host):
        host.answer = host.send(ARCHIVE)
        asset = dataclasses.replace(TINY, urls=(host.url,), bytes=len(ARCHIVE))
        downloaded = simplebooks.load(asset=asset)
        cached = simplebooks.load(asset=asset)
        assert list(downloaded.train) == list(cached.train)
        assert host.url in downloaded.source and "cache" in cached.source
        assert host.requests == 1

    def test_smoke_offers_the_grammar(self, monkeypatch):
        monkeypatch.setenv("COURSE_PROFILE", "smoke")
        for function in (simplebooks.load, simplebooks.load_simplebooks_2):
            with pytest.raises(DataError, match=r"datasets\.story_grammar_corpus\(\)"):
                function()

    def test_without_a_copy_the_lacking_file_is_named(self, course_data):
        asset = dataclasses.replace(TINY, urls=("http://127.0.0.1:9/simplebooks.zip",))
        with pytest.raises(DataError, match=r"simplebooks/simplebooks\.zip does not"):
            simplebooks.load(asset=asset)


class TestWhatWasRead:
    def test_the_stand_in_is_known_by_the_sizes_of_its_files(self, load):
        corpus = load()
        assert (corpus.title, corpus.licence) == (STAND_IN.title, STAND_IN.licence)
        assert corpus.source.startswith("a stand-in, from COURSE_DATA")

    def test_the_original_is_known_by_its_own_size(self, load):
        members = {**FILES, f"{FOLDER}/test.txt": f"Original {LONG}".encode()}
        content = packed(members)
        corpus = load(content, dataclasses.replace(TINY, bytes=len(content)))
        assert corpus.title == "SimpleBooks-92"
        assert corpus.licence == TINY.licence

    def test_anything_else_is_called_neither(self, load):
        corpus = load(packed({**FILES, f"{FOLDER}/test.txt": f"New {LONG}".encode()}))
        assert corpus.title == "an archive laid out like SimpleBooks-92"
        assert corpus.licence == "not known"


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [b"", b"<html>Please log in</html>", ARCHIVE[: len(ARCHIVE) // 2]],
        ids=["empty", "html", "half"],
    )
    def test_no_archive(self, load, cache, content):
        message = failure(load, content)
        assert "is damaged, cut short or no .zip archive" in message
        assert names_under(cache) == []

    def test_a_flipped_bit(self, load, cache):
        content = bytearray(ARCHIVE)
        start = content.find(b"valid.txt") + 30  # in the member's compressed bytes
        content[start] ^= 1
        assert "is damaged" in failure(load, bytes(content))
        assert not any("valid" in name for name in names_under(cache))

    def test_sound_archive_works_after_a_failure(self, load):
        failure(load, ARCHIVE[:-40])
        assert len(load().train) == 2

    def test_missing_folder(self, load):
        members = {name.replace("-92-raw", "-92"): text for name, text in FILES.items()}
        message = failure(load, packed(members))
        assert f"should hold {FOLDER}/train.txt. Found: simplebooks/simple" in message

    def test_renamed_member(self, load):
        members = {
            name.replace("valid", "validation"): text for name, text in FILES.items()
        }
        assert f"should hold {FOLDER}/valid.txt" in failure(load, packed(members))

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "has no line of more than 450 characters"),
            (b" \n\n \n", "has no line of more than 450 characters"),
            (SHORT.encode(), "has no line of more than 450 characters"),
            (b"\x00\x01", "is binary"),
            ("Café".encode("latin-1"), "is not UTF-8"),
        ],
    )
    def test_file_that_is_no_text(self, load, cache, content, problem):
        message = failure(load, packed({**FILES, f"{FOLDER}/valid.txt": content}))
        assert problem in message and "valid-" in message
        assert names_under(cache) == []

    def test_too_much_text(self, load, cache):
        bomb = packed({**FILES, f"{FOLDER}/train.txt": bytes(1_000_000)})
        assert "holds more text than the 20,000 bytes" in failure(load, bomb)
        assert names_under(cache) == []

    def test_members_outside_are_never_unpacked(self, load, tmp_path):
        load(packed({**FILES, "../../evil.txt": b"evil"}))
        assert not list(tmp_path.parent.rglob("evil.txt"))

    def test_full_disk(self, load, cache, monkeypatch):
        open_path = Path.open

        def full(path, *args, **kwargs):
            full = ".unpack-" in str(path)
            return FullDisk() if full else open_path(path, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", full)
            message = failure(load, ARCHIVE)
        assert os.strerror(errno.ENOSPC) in message and "COURSE_CACHE" in message
        assert names_under(cache) == []
        assert len(load().train) == 2


class FullDisk(io.BytesIO):
    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestSimpleBooks2:
    def test_comes_from_a_folder_of_its_own(self, course_data, monkeypatch, capsys):
        folder = course_data / "simplebooks2"
        folder.mkdir()
        contents = [
            content for name, content in SIMPLEBOOKS_2.items() if "train" not in name
        ]
        for name, content in zip(("valid.txt", "test.txt"), contents, strict=True):
            (folder / name).write_bytes(content)
        total = sum(map(len, contents))
        monkeypatch.setattr(simplebooks, "SIMPLEBOOKS_2_BYTES", total)
        corpus = simplebooks.load_simplebooks_2()
        assert list(corpus.validation) == ["It was valid .", "Hurray !"]
        assert list(corpus.test) == ["It was test .", "Hurray !"]
        assert len(corpus.train) == 0
        assert corpus.sha256 == hashlib.sha256(b"".join(contents)).hexdigest()
        assert "SimpleBooks-2: read from COURSE_DATA" in capsys.readouterr().out

        monkeypatch.setattr(simplebooks, "SIMPLEBOOKS_2_BYTES", total + 1)
        with pytest.raises(DataError, match=f"should hold {total + 1} bytes. Found"):
            simplebooks.load_simplebooks_2()
        (folder / "test.txt").unlink()
        with pytest.raises(DataError, match=r"should hold test\.txt"):
            simplebooks.load_simplebooks_2()

    def test_or_from_the_archive(self, course_data):
        (course_data / TINY.path).write_bytes(packed({**FILES, **SIMPLEBOOKS_2}))
        corpus = simplebooks.load_simplebooks_2(TINY)
        assert list(corpus.test) == ["It was test .", "Hurray !"]

    def test_the_stand_in_does_not_hold_it(self, course_data):
        (course_data / TINY.path).write_bytes(ARCHIVE)
        with pytest.raises(DataError, match=r"hold simplebooks/simplebooks-2/valid"):
            simplebooks.load_simplebooks_2(TINY)


@pytest.mark.realdata  # given COURSE_DATA, or skipped
def test_real_novels(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    novels = simplebooks.load()
    if novels.title == ASSETS["simplebooks"].structure.editions[0].title:
        sizes = [len(novels.train), len(novels.validation), len(novels.test)]
        assert sizes == [43_405, 651, 544]
    assert min(map(len, novels.validation)) > 450
    archive = Path(os.environ["COURSE_DATA"], ASSETS["simplebooks"].path)
    assert novels.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert not set(novels.train[:5000]) & {*novels.validation, *novels.test}


@pytest.mark.realdata
def test_real_simplebooks_2(monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    books = simplebooks.load_simplebooks_2()
    words = sum(
        len(line.split()) for part in (books.validation, books.test) for line in part
    )
    assert abs(words - 423_000) < 1000
