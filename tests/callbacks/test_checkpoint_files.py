"""Checkpoints as files: whole, or not at all."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.callbacks import checkpoint_files as files

OLD = {"group/00000": np.arange(500.0), "metadata": np.array("the one before")}
NEW = {"group/00000": np.arange(500.0) + 1, "metadata": np.array("the newest")}


@pytest.fixture
def folder(tmp_path):
    """A folder with two checkpoints, and things that are none."""
    files.write_checkpoint(files.checkpoint_path(tmp_path, 9, 12), OLD)
    files.write_checkpoint(files.checkpoint_path(tmp_path, 10, 3), NEW)
    (tmp_path / "epoch-0011-batch-000000.npz.bak").write_bytes(b"")
    (tmp_path / files.TEMPORARY_NAME).write_bytes(b"half")
    return tmp_path


def assert_read(folder, expected):
    path, arrays = files.read_newest_checkpoint(folder)
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        assert_array_equal(array, expected[name])
    return path


def flip(content, place):
    """The content with one bit changed."""
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


DAMAGES = {
    "half": lambda content: content[: len(content) // 2],
    "a byte less": lambda content: content[:-1],
    "a byte more": lambda content: content + b"0",
    "empty": lambda content: b"",
    "zeros": lambda content: content[:-100] + bytes(100),
    "first": lambda content: flip(content, 0),
    "middle": lambda content: flip(content, len(content) // 2),
    "last": lambda content: flip(content, -1),
}


def test_the_newest_is_read(folder, capsys):
    path = assert_read(folder, NEW)
    assert path.name == "epoch-0010-batch-000003.npz"
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_is_passed_over(damage, folder, capsys):
    newest = folder / "epoch-0010-batch-000003.npz"
    newest.write_bytes(damage(newest.read_bytes()))
    path = assert_read(folder, OLD)
    assert path.name == "epoch-0009-batch-000012.npz"
    (line,) = capsys.readouterr().out.splitlines()
    assert f"'{newest}' is damaged and left out" in line


def test_one_that_cannot_be_read_is_passed_over(folder, capsys):
    newest = folder / "epoch-0010-batch-000003.npz"
    newest.unlink()
    newest.mkdir()
    assert_read(folder, OLD)
    assert "Is a directory" in capsys.readouterr().out


def test_damaged_ones_alone_are_an_error(folder):
    for path in files.find_checkpoints(folder):
        path.write_bytes(b"")
    with pytest.raises(ValueError, match="checkpoint that can be read, or none: del"):
        files.read_newest_checkpoint(folder)


def test_no_checkpoints(tmp_path):
    assert files.read_newest_checkpoint(tmp_path) is None


def test_the_order_is_that_of_training(tmp_path):
    places = [(2, 0), (10, 0), (10_000, 1), (10_000, 2_000_000), (10_001, 0)]
    for place in places:
        files.checkpoint_path(tmp_path, *place).touch()
    found = files.find_checkpoints(tmp_path)
    assert found == [files.checkpoint_path(tmp_path, *place) for place in places[::-1]]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failed_write_changes_nothing(function, folder, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    path = folder / "epoch-0010-batch-000003.npz"
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="No space left"):
        files.write_checkpoint(path, OLD)
    assert_read(folder, NEW)
    assert not (folder / files.TEMPORARY_NAME).exists()


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    def fail(folder):
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(files, "_sync_folder", fail)
    files.write_checkpoint(files.checkpoint_path(tmp_path, 0, 0), NEW)
    assert_read(tmp_path, NEW)
