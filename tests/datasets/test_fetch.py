import dataclasses
import errno
import hashlib
import io
import os
import socket
import time

import pytest

from course_lib.datasets import fetch as fetch_module
from course_lib.datasets.fetch import fetch
from course_lib.datasets.manifest import ASSETS, DataError

PAYLOAD = bytes(range(256)) * 400
SHA256 = hashlib.sha256(PAYLOAD).hexdigest()
REPACKED = b"the same reviews, packed in another way"


@pytest.fixture
def asset(host):
    """A small asset that `host` serves."""
    host.answer = host.send(PAYLOAD)
    hashes = {name: hashlib.new(name, PAYLOAD).hexdigest() for name in ("md5", "sha1")}
    return dataclasses.replace(
        ASSETS["imdb"], urls=(host.url,), bytes=len(PAYLOAD), hashes=hashes
    )


def read(path):
    return path.read_bytes()


def reject(path):
    raise DataError("it holds no reviews.")


def failure(asset, read=read):
    """The message of the one clear error, which always offers the grammar."""
    with pytest.raises(DataError) as caught:
        fetch(asset, read)
    message = str(caught.value)
    assert "course_lib.datasets.review_grammar_corpus()" in message
    assert "object at 0x" not in message
    return message


def names_under(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def put(folder, asset, content):
    path = folder / asset.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def course_data(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


class TestOrder:
    def test_network_fills_the_cache_and_the_cache_serves_from_then_on(
        self, asset, cache, host, capsys
    ):
        first = fetch(asset, read)
        assert first == fetch_module.Fetched(PAYLOAD, host.url, SHA256)
        assert f"read from {host.url}" in capsys.readouterr().out
        assert names_under(cache) == ["imdb", "imdb/aclImdb_v1.tar.gz"]

        second = fetch(asset, read)
        assert (second.content, second.sha256) == (PAYLOAD, SHA256)
        assert "read from the cache" in capsys.readouterr().out
        assert host.requests == 1

    def test_course_data_comes_first_and_may_be_repacked(
        self, asset, cache, host, course_data, capsys
    ):
        put(cache, asset, PAYLOAD)
        put(course_data, asset, REPACKED)
        fetched = fetch(asset, read)
        assert fetched.content == REPACKED
        assert fetched.sha256 == hashlib.sha256(REPACKED).hexdigest()
        assert "read from COURSE_DATA" in capsys.readouterr().out
        assert host.requests == 0

    def test_source_tells_no_local_path(self, asset, cache, course_data, capsys):
        put(cache, asset, PAYLOAD)
        from_cache = fetch(asset, read).source
        put(course_data, asset, REPACKED)
        from_course_data = fetch(asset, read).source
        printed = capsys.readouterr().out
        for text in (from_cache, from_course_data, printed):
            assert str(cache.parent) not in text

    def test_course_data_without_the_file_is_passed_over(
        self, asset, cache, host, course_data
    ):
        assert fetch(asset, read).source == host.url

    def test_second_url_takes_over(self, asset, cache, host):
        dead = "http://127.0.0.1:9/file.tar.gz"
        asset = dataclasses.replace(asset, urls=(dead, host.url))
        assert fetch(asset, read).source == host.url

    def test_smoke_touches_neither_network_nor_course_data(
        self, asset, cache, host, course_data, monkeypatch
    ):
        monkeypatch.setenv("COURSE_PROFILE", "smoke")
        put(course_data, asset, REPACKED)
        put(cache, asset, PAYLOAD)
        reads = []
        assert "`smoke`" in failure(asset, reads.append)
        assert not reads and host.requests == 0


class TestCourseData:
    def test_folder_that_does_not_exist(self, asset, cache, host, monkeypatch):
        monkeypatch.setenv("COURSE_DATA", "/no/such/folder")
        message = failure(asset)
        assert "COURSE_DATA must name a folder. Received: /no/such/folder" in message
        assert host.requests == 0

    def test_lacking_file_is_named_when_nothing_else_helps(
        self, asset, cache, host, course_data
    ):
        host.answer = host.send(b"", status=404)
        assert f"{course_data / asset.path} does not exist" in failure(asset)

    def test_bad_copy_is_an_error_not_a_reason_to_download(
        self, asset, cache, host, course_data
    ):
        path = put(course_data, asset, REPACKED)
        message = failure(asset, reject)
        assert f"{path}: it holds no reviews." in message
        assert host.requests == 0
        assert path.read_bytes() == REPACKED

    def test_unreadable_copy(self, asset, cache, course_data):
        put(course_data, asset, REPACKED)

        def no_permission(path):
            raise PermissionError(errno.EACCES, "Permission denied")

        assert "Permission denied" in failure(asset, no_permission)


HALF = PAYLOAD[: len(PAYLOAD) // 2]
FORGED = PAYLOAD[:-1] + b"?"


class TestNetwork:
    @pytest.mark.parametrize(
        "answer, reason",
        [
            ({"body": b"gone", "status": 404}, "the server answers 404"),
            ({"body": b"busy", "status": 503}, "the server answers 503"),
            ({"body": HALF, "announced": len(PAYLOAD)}, "broke off"),
            ({"body": HALF, "announced": "nothing"}, "51,200 bytes, not 102,400"),
            ({"body": b"<html>Please log in</html>"}, "26 bytes, not 102,400"),
            ({"body": FORGED}, "its md5 is "),
        ],
        ids=["404", "503", "half", "half-unannounced", "login-page", "forged"],
    )
    def test_bad_download_leaves_nothing_and_the_next_call_works(
        self, asset, cache, host, answer, reason
    ):
        host.answer = host.send(**answer)
        message = failure(asset)
        assert f"{host.url}: " in message and reason in message
        assert "COURSE_DATA: not set" in message
        assert f"{cache / asset.path} does not exist" in message
        assert names_under(cache) == ["imdb"]

        host.answer = host.send(PAYLOAD)
        assert fetch(asset, read).content == PAYLOAD

    def test_every_hash_is_checked(self, asset, cache):
        hashes = {**asset.hashes, "sha1": "0" * 40}
        message = failure(dataclasses.replace(asset, hashes=hashes))
        assert f"its sha1 is {asset.hashes['sha1']}, not {'0' * 40}" in message
        assert names_under(cache) == ["imdb"]

    def test_download_that_holds_the_wrong_things_is_not_kept(self, asset, cache, host):
        asset = dataclasses.replace(asset, hashes={})
        assert f"{host.url}: it holds no reviews." in failure(asset, reject)
        assert names_under(cache) == ["imdb"]
        assert fetch(asset, read).content == PAYLOAD

    def test_dead_host(self, asset, cache):
        with socket.socket() as unused:  # bound, but no one listens
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/file.tar.gz"
            message = failure(dataclasses.replace(asset, urls=(url,)))
        assert f"{url}: the host cannot be reached" in message
        assert names_under(cache) == ["imdb"]
        assert fetch(asset, read).content == PAYLOAD

    def test_silent_host(self, asset, cache, host, monkeypatch):
        monkeypatch.setattr(fetch_module, "TIMEOUT_SECONDS", 0.1)
        host.answer = lambda handler: time.sleep(0.5)
        assert f"{host.url}: no answer within 0.1 s" in failure(asset)
        assert names_under(cache) == ["imdb"]

    def test_interrupt_leaves_nothing(self, asset, cache):
        def interrupt(path):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fetch(asset, interrupt)
        assert names_under(cache) == ["imdb"]


class TestCache:
    @pytest.mark.parametrize("content", [HALF, FORGED, b""])
    def test_damaged_copy_is_replaced(self, asset, cache, host, content):
        path = put(cache, asset, content)
        assert fetch(asset, read).source == host.url
        assert path.read_bytes() == PAYLOAD

    def test_damaged_copy_is_named_when_nothing_else_helps(self, asset, cache, host):
        path = put(cache, asset, HALF)
        host.answer = host.send(b"", status=404)
        assert f"cache: {path}: it has 51,200 bytes" in failure(asset)

    def test_unwritable(self, asset, tmp_path, cache, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
        message = failure(asset)
        assert f"could not be stored in {tmp_path / 'file'}" in message
        assert "set COURSE_CACHE to a folder that can be written" in message

        monkeypatch.setenv("COURSE_CACHE", str(cache))
        assert fetch(asset, read).content == PAYLOAD

    def test_full_disk(self, asset, cache):
        class FullDisk(io.BytesIO):
            def write(self, data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with pytest.MonkeyPatch.context() as patch:
            # The name `open`, as pooch's downloader sees it.
            patch.setattr(
                "pooch.downloaders.open", lambda *_: FullDisk(), raising=False
            )
            message = failure(asset)
        assert os.strerror(errno.ENOSPC) in message and "Make room there" in message
        assert names_under(cache) == ["imdb"]
        assert fetch(asset, read).content == PAYLOAD

    def test_default_folder_is_the_operating_systems(self, monkeypatch, tmp_path):
        monkeypatch.delenv("COURSE_CACHE", raising=False)
        assert fetch_module.cache_folder().name == "course_lib"
        monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
        assert fetch_module.cache_folder() == tmp_path
