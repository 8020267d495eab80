"""A developer's endpoint that writes messages: its path says how it behaves, and it remembers what it was sent.

At `/by-user` the end of the user's name says it: `ada.late`.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from tests.emulators.threaded import QuietHandler, serving

ANSWERS: dict[str, tuple[int, str, bytes]] = {
    "ok": (200, "application/json", b'{"message": "Ein Moment, {user}: {url}", "more": 1}'),
    "plain": (200, "text/plain; charset=utf-8", "Gleich geht’s weiter".encode()),
    "without-link": (200, "application/json", b'{"message": "Ask the front desk.\\n"}'),
    "error": (500, "application/json", b'{"message": "no"}'),
    "created": (201, "application/json", b'{"message": "no"}'),
    "html": (200, "text/html", b"<h1>Welcome</h1>"),
    "broken": (200, "application/json", b'{"message": "no'),
    "list": (200, "application/json", b'["no"]'),
    "number": (200, "application/json", b'{"message": 7}'),
    "nothing": (200, "application/json", b"{}"),
    "empty": (200, "application/json", b'{"message": " \\n"}'),
    "half": (200, "application/json", b'{"message": "no \\ud800"}'),
    "bell": (200, "application/json", b'{"message": "no \\u0007"}'),
    "deep": (200, "application/json", b"[" * 10_000),
    "latin": (200, "text/plain", b"\xff\xfe"),
    "long": (200, "application/json", b'{"message": "' + b"x" * 4_001 + b'"}'),
    "big": (200, "application/json", b'{"message": "no", "more": "' + b"x" * 20_000 + b'"}'),
}
WRONG = tuple(name for name in ANSWERS if name not in ("ok", "plain", "without-link"))
HANGING = ("late", "drip", "endless", "silent-head")
"""Behaviours that never come to an end by themselves, or not in time."""


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class RunningResponder:
    """A running endpoint."""

    port: int
    received: list[Received] = field(default_factory=list)

    def url(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.port}/{behaviour}?of=lexica"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stopping = threading.Event()
        self.found = RunningResponder(self.server_address[1])


class _Handler(QuietHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.found.received.append(Received(self.path, headers, body))
        with suppress(OSError):  # the caller does not wait for ever
            behaviour, content = self.path.split("?")[0].strip("/"), json.loads(body)
            self._behave(content["user"].rpartition(".")[2] if behaviour == "by-user" else behaviour, content)

    def _behave(self, behaviour: str, content: dict[str, Any]) -> None:
        stopping = self.server.stopping
        if behaviour == "silent-head":
            stopping.wait(30)
        elif behaviour == "late":
            stopping.wait(30)
            self.send(*ANSWERS["ok"])
        elif behaviour in ("drip", "endless"):
            self._begin()
            while not stopping.wait(0.05 if behaviour == "drip" else 0):
                self.wfile.write(b"1\r\nx\r\n" if behaviour == "drip" else b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        elif behaviour == "cut":
            self._begin()
            self.wfile.write(b"1\r\n{\r\n")
            self.close_connection = True
        elif behaviour == "redirect":
            self.send_response(307)
            self.send_header("Location", "/ok")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            status, kind, raw = ANSWERS[behaviour]
            for name in ("user", "url"):
                raw = raw.replace(f"{{{name}}}".encode(), content[name].encode())
            self.send(status, kind, raw)

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()


@contextmanager
def running() -> Iterator[RunningResponder]:
    """Runs an endpoint on a free port."""
    with _Server() as server, serving(server):
        try:
            yield server.found
        finally:
            server.stopping.set()


def wait_until_received(responder: RunningResponder, count: int) -> None:
    """Waits up to five seconds until so many requests have arrived."""
    end = time.monotonic() + 5
    while len(responder.received) < count and time.monotonic() < end:
        time.sleep(0.01)
    assert len(responder.received) >= count
