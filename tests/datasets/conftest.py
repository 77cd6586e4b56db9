"""A cache of the test's own, and a host on 127.0.0.1 that can misbehave."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no other setting that decides where data is found."""
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return tmp_path / "cache"


class Host:
    """Answers each request by `answer`, a function of the request's handler."""

    def __init__(self):
        self.requests = 0
        self.answer = send(b"")

        def do_get(handler):
            self.requests += 1
            self.answer(handler)

        members = {"do_GET": do_get, "log_message": lambda *_: None}
        handler = type("Handler", (BaseHTTPRequestHandler,), members)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/file.tar.gz"


def send(body, *, status=200, announced=None):
    """An answer of `body`; `announced` is its Content-Length, if not the true one."""

    def answer(handler):
        handler.send_response(status)
        if announced != "nothing":
            handler.send_header("Content-Length", str(announced or len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def host():
    host = Host()
    host.send = send
    thread = threading.Thread(target=host.server.serve_forever, args=(0.01,))
    thread.start()
    yield host
    host.server.shutdown()
    host.server.server_close()
    thread.join()
