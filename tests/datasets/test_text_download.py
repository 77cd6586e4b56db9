import socket

import pytest

from course_lib.datasets import text_download
from course_lib.datasets.manifest import DataError
from course_lib.datasets.text_download import download, is_url

TALE = b"Once upon a time. " * 10_000


def failure(url):
    with pytest.raises(DataError) as caught:
        download(url)
    return str(caught.value)


def files_under(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def url(host):
    host.answer = host.send(TALE)
    return host.url.replace("file.tar.gz", "tales/the%20crow.txt?raw=true")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://example.org/a.txt", True),
        ("HTTP://example.org", True),
        ("a.txt", False),
        ("C:\\texts\\a.txt", False),
        ("ftp://example.org/a.txt", False),
    ],
)
def test_addresses(source, expected):
    assert is_url(source) == expected


def test_the_second_time_from_the_cache(url, cache, host, capsys):
    first, second = download(url), download(url)
    assert first == second
    assert first.read_bytes() == TALE
    assert first.name == "the_20crow.txt"
    assert cache in first.parents
    assert host.requests == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Downloading {url}",
        f"{url}: read from the cache",
    ]


def test_addresses_that_end_alike_are_kept_apart(url, cache, host):
    other = download(url)
    assert download(url.replace("tales", "fables")) != other


@pytest.mark.parametrize(
    ("end", "name"),
    [("", "download"), ("a/..", "download"), ("a/.git", "git"), ("ü?b=c.zip", "ü")],
)
def test_names(end, name):
    assert text_download._filename(f"https://example.org/{end}") == name


def test_smoke_touches_no_network(url, cache, host, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "smoke")
    assert "the profile `smoke` has no network" in failure(url)
    assert host.requests == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"body": b"gone", "status": 404}, "the server answers 404"),
        ({"body": TALE[:1000], "announced": len(TALE)}, "broke off"),
    ],
)
def test_what_fails_leaves_nothing(url, cache, host, answer, reason):
    host.answer = host.send(**answer)
    message = failure(url)
    assert message.startswith(f"{url} cannot be read: ") and reason in message
    assert files_under(cache) == []
    host.answer = host.send(TALE)
    assert download(url).read_bytes() == TALE


def test_dead_host(cache):
    with socket.socket() as unused:  # bound, but no one listens
        unused.bind(("127.0.0.1", 0))
        message = failure(f"http://127.0.0.1:{unused.getsockname()[1]}/a.txt")
    assert "the host cannot be reached" in message


def test_too_large(url, cache, monkeypatch):
    monkeypatch.setattr(text_download, "LARGEST", 100_000)
    assert "is larger than 0 MB: download it yourself" in failure(url)
    assert files_under(cache) == []


def test_no_room(url, cache):
    cache.parent.joinpath("cache").write_text("a file where the folder should be")
    assert "could not be stored in" in failure(url)
