import errno
import io
import struct
import zipfile
from pathlib import Path

import pytest

from course_lib.datasets import text_files
from course_lib.datasets.manifest import DataError
from course_lib.datasets.text_files import read_files

MEMBERS = {
    "b.txt": b"second",
    "a/b/c.md": b"first, by its path",
    "posts.csv": b"text\nfirst",
    "A.TXT": b"capitals",
    "cover.jpg": b"\xff\xd8\xff",
    "notes.docx": b"PK",
    ".hidden.txt": b"an editor's",
    ".git/config.txt": b"git's",
    "__MACOSX/b.txt": b"macOS'",
}
READ = ["A.TXT", "a/b/c.md", "b.txt", "posts.csv"]
LEFT_OUT = ["cover.jpg", "notes.docx"]


def zipped(members=MEMBERS, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.mkdir("a")
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return write


def failure(path):
    with pytest.raises(DataError) as caught:
        read_files(path)
    return str(caught.value)


def test_one_file_whatever_its_name(write):
    for name in ("tale.txt", "tale", "tale.txt.utf-8"):
        files, left_out = read_files(write(name, b"Once"))
        assert files == [(name, b"Once")]
        assert left_out == []


def test_folder(write, tmp_path):
    for name, content in MEMBERS.items():
        write(f"corpus/{name}", content)
    files, left_out = read_files(tmp_path / "corpus")
    assert [file.name for file in files] == READ
    assert {file.name: file.content for file in files}.items() <= MEMBERS.items()
    assert left_out == LEFT_OUT


@pytest.mark.parametrize("name", ["corpus.zip", "corpus.ZIP", "corpus"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_reads_as_the_folder_that_was_packed(write, name, compression):
    files, left_out = read_files(write(name, zipped(compression=compression)))
    assert [file.name for file in files] == READ
    assert {file.name: file.content for file in files}.items() <= MEMBERS.items()
    assert left_out == LEFT_OUT


def test_nothing_is_written(write, tmp_path):
    path = write(
        "in/corpus.zip", zipped({"../evil.txt": b"evil", "/evil.txt": b"evil"})
    )
    read_files(path)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


class TestMistakes:
    def test_nothing_there(self, tmp_path):
        assert "There is no file or folder" in failure(tmp_path / "nothing.txt")

    def test_a_text_in_place_of_a_path(self, tmp_path):
        assert "cannot be read" in failure(tmp_path / ("Once upon a time " * 1000))

    def test_no_text_in_a_folder(self, write, tmp_path):
        for name in ("a.jpg", "b.jpg", "c.pdf", "d.pdf"):
            write(f"corpus/{name}", b"\xff")
        message = failure(tmp_path / "corpus")
        assert "corpus must hold files that end in .txt, .md, .csv" in message
        assert "Found: a.jpg, b.jpg, c.pdf, ..." in message

    def test_empty_folder(self, tmp_path):
        assert "Found: none at all" in failure(tmp_path)

    def test_unreadable(self, write, monkeypatch):
        def refuse(*_):
            raise PermissionError(errno.EACCES, "Permission denied")

        path = write("tale.txt", b"Once")
        monkeypatch.setattr(Path, "open", refuse)
        assert "Permission denied" in failure(path)

    @pytest.mark.parametrize("size", [0, 10, 300])
    def test_half_an_archive(self, write, size):
        message = failure(write("corpus.zip", zipped()[:size]))
        assert "is damaged, cut short or no zip archive" in message

    def test_flipped_bit(self, write):
        content = bytearray(zipped({"a.txt": b"Once upon a time. " * 20}))
        content[content.index(b"a.txt") + 10] ^= 0x10
        assert "is damaged" in failure(write("corpus.zip", bytes(content)))

    def test_encrypted(self, write):
        content = zipped({"a.txt": b"Once"})
        place = content.rindex(b"PK\x01\x02") + 8
        content = content[:place] + struct.pack("<H", 1) + content[place + 2 :]
        assert "pack it without a password" in failure(write("corpus.zip", content))

    def test_rare_compression(self, write):
        content = zipped({"a.txt": b"Once"}, compression=zipfile.ZIP_BZIP2)
        assert "is packed in a rare way" in failure(write("corpus.zip", content))


class TestTooMuch:
    @pytest.fixture(autouse=True)
    def _small_limit(self, monkeypatch):
        monkeypatch.setattr(text_files, "LARGEST", 5_000_000)

    def test_file(self, write):
        assert len(read_files(write("a.txt", b"x" * 5_000_000))[0][0].content) == 5e6
        assert "more than 5 MB of text" in failure(write("a.txt", b"x" * 5_000_001))

    def test_folder(self, write, tmp_path):
        for name in "abc":
            write(f"corpus/{name}.txt", b"x" * 2_000_000)
        assert "corpus holds more than 5 MB" in failure(tmp_path / "corpus")

    def test_archive_bomb(self, write):
        content = zipped({"a.txt": bytes(100_000_000)})
        assert len(content) < 200_000
        assert "more than 5 MB" in failure(write("corpus.zip", content))

    def test_bomb_that_lies_about_its_size(self, write, monkeypatch):
        """The header promises ten bytes; no more than a piece is ever unpacked."""
        content = zipped({"a.txt": bytes(100_000_000)})
        lie = content.replace(struct.pack("<L", 100_000_000), struct.pack("<L", 10))
        assert lie != content
        largest = 0
        update_crc = zipfile.ZipExtFile._update_crc

        def watch(stream, data):
            nonlocal largest
            largest = max(largest, len(data))
            return update_crc(stream, data)

        monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", watch)
        assert "is damaged" in failure(write("corpus.zip", lie))
        assert largest <= 1 << 20
