"""A stranger's raw sockets, and a small server of our own protocol in a thread, with limits of a test's choice."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvicorn

from app.api.serving.asgi import App, Receive, Scope, Send
from app.api.wire.connections import ConnectionLimits, Crowd
from app.api.wire.http_protocol import HttpProtocol

SECONDS_MAX = 30
QUICK = ConnectionLimits(
    connections_max=60, waiting_max=10, head_seconds=0.6, idle_seconds=0.3, silence_seconds=0.6, linger_seconds=0.3
)


@dataclass(frozen=True)
class Answer:
    """One answer: its status, its headers in lower case, its body without chunks."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of an error in OpenAI's shape."""
        return str(json.loads(self.body)["error"]["code"])


def connect(port: int, *, buffer_bytes: int | None = None) -> socket.socket:
    """Opens a connection; `buffer_bytes` keeps it from taking much without being read."""
    made = socket.socket()
    if buffer_bytes is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    made.settimeout(SECONDS_MAX)
    made.connect(("127.0.0.1", port))
    return made


def ask(port: int, *pieces: bytes, pause_seconds: float = 0) -> list[Answer]:
    """Sends what a stranger wrote, and returns all answers up to the end of the connection."""
    with connect(port) as raw:
        for piece in pieces:
            raw.sendall(piece)
            time.sleep(pause_seconds)
        return answers_in(read_to_end(raw))


def read_to_end(raw: socket.socket) -> bytes:
    """Returns everything that comes until the server closes the connection."""
    received = b""
    while piece := raw.recv(65_536):
        received += piece
    return received


def answers_in(received: bytes) -> list[Answer]:
    """Takes answers apart; one without a length ends with the connection."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        status = int(lines[0].split()[1])
        if status == 100:
            continue
        if headers.get("transfer-encoding") == "chunked":
            body, received = _unchunked(received)
        else:
            size = int(headers.get("content-length", len(received)))
            body, received = received[:size], received[size:]
        found.append(Answer(status, headers, body))
    return found


def _unchunked(received: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, received = received.partition(b"\r\n")
        length = int(size, 16)
        body, received = body + received[:length], received[length + 2 :]
        if not length:
            return body, received


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what it understood of a request, in two pieces of unknown length."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    said = {"method": scope["method"], "path": scope["path"], "body": body.decode("latin-1"), "headers": headers}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(said).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def said(answer: Answer) -> dict[str, Any]:
    """Returns what `echo` understood."""
    found: dict[str, Any] = json.loads(answer.body)
    return found


@contextmanager
def serving(app: App = echo, limits: ConnectionLimits = QUICK) -> Iterator[int]:
    """Serves an app with our protocol in a thread, and yields the port."""
    bound = socket.create_server(("127.0.0.1", 0))
    made = cast(type[asyncio.Protocol], partial(HttpProtocol, Crowd(limits)))
    config = uvicorn.Config(app, http=made, ws="none", lifespan="off", access_log=False, log_level="critical",
                            timeout_graceful_shutdown=1)  # fmt: skip
    server = uvicorn.Server(config)

    def run(sockets: Sequence[socket.socket]) -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets=list(sockets)))

    thread = threading.Thread(target=run, args=([bound],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield int(bound.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(SECONDS_MAX)
