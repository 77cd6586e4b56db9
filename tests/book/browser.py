"""A headless Chromium that reaches this machine only, spoken to through pipes."""

import contextlib
import fcntl
import functools
import http.server
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
from urllib.parse import urlsplit

LOCAL = "127.0.0.1"
KEYS = {  # name: number, text that it types
    "Tab": (9, ""),
    "Enter": (13, "\r"),
    "Space": (32, " "),
    "End": (35, ""),
    "Home": (36, ""),
    "ArrowLeft": (37, ""),
    "ArrowRight": (39, ""),
}


def find_chromium():
    """Return the path of a Chromium ($CHROMIUM, or one on PATH), or None."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser"]
    names += ["google-chrome", "google-chrome-stable"]
    return next(filter(None, (shutil.which(name) for name in names if name)), None)


@contextlib.contextmanager
def serve(folder):
    """Serve a folder on 127.0.0.1 and give its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer((LOCAL, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{LOCAL}:{server.server_port}"
        server.shutdown()


class Browser:
    """One tab. `requests` and `errors` are what the last page asked for and logged."""

    def __init__(self, program):
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        command = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOCAL}",
            f"--user-data-dir={self._folder.name}",
            "--remote-debugging-pipe",
            "about:blank",
        ]

        def connect():  # Chromium reads from descriptor 3 and writes to 4
            reads, writes = (
                fcntl.fcntl(end, fcntl.F_DUPFD, 10)  # neither is 3 or 4
                for end in (to_browser, from_browser)
            )
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self._process = subprocess.Popen(
            [program, *command],
            preexec_fn=connect,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._reader = os.fdopen(self._from, "rb")
        self._numbers = itertools.count(1)
        self._session = None
        self.requests, self.errors = [], []
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(t["targetId"] for t in targets if t["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=page, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Network.setCacheDisabled", cacheDisabled=True)

    def send(self, method, **parameters):
        """Call a method of the DevTools protocol and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (reply := self._receive()).get("id") != number:
            self._note(reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply['error']['message']}")
        return reply["result"]

    def load(self, url):
        """Open a page and wait until it is loaded and its formulas are set."""
        self.requests, self.errors = [], []
        self.send("Page.navigate", url=url)
        while (event := self._receive()).get("method") != "Page.loadEventFired":
            self._note(event)
        self.run("window.MathJax?.startup?.promise?.then(() => document.fonts.ready)")

    def run(self, expression):
        """Return the value of a JavaScript expression, awaited."""
        result = self.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def press(self, key):
        """Press and release one of `KEYS`."""
        number, text = KEYS[key]
        for kind in ("keyDown", "keyUp"):
            self.send(
                "Input.dispatchKeyEvent",
                type=kind,
                key=" " if key == "Space" else key,
                code=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=number,
            )

    def outside(self):
        """Return the addresses on other hosts that the page asked for."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme not in ("data", "blob", "about")
            and urlsplit(url).hostname != LOCAL
        ]

    def close(self):
        """End the browser."""
        self._process.kill()
        self._process.wait()
        self._reader.close()
        os.close(self._to)
        self._folder.cleanup()

    def _receive(self):
        buffer = bytearray()
        while (byte := self._reader.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("Chromium ended")
            buffer += byte
        return json.loads(buffer)

    def _note(self, event):
        """Keep what an event says about requests and errors."""
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(parameters["url"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.errors.append(
                details.get("exception", {}).get("description") or details["text"]
            )
        elif method == "Runtime.consoleAPICalled" and parameters["type"] == "error":
            self.errors.append(str([a.get("value") for a in parameters["args"]]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.errors.append(f"{entry['text']} {entry.get('url', '')}".strip())
