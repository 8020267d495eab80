"""Bodies that are announced and never come, over real HTTP: the client is told, and nothing is left behind."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.server import QUESTION, Demo
from tests.support.spec import check_error

PATHS = ["/v1/chat/completions", "/v1/user/balance/deposit"]


@contextmanager
def connected(demo: Demo) -> Iterator[socket.socket]:
    address = urlsplit(demo.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        yield connection


@pytest.fixture
def raw(demo: Demo) -> Iterator[socket.socket]:
    with connected(demo) as connection:
        yield connection


def send_head(raw: socket.socket, demo: Demo, path: str, announced: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n{announced}\r\n\r\n"
    raw.sendall(head.encode())


def read_to_the_end(raw: socket.socket) -> tuple[int, dict[str, dict[str, str]]]:
    """Returns the status and body of what comes before the server closes the connection."""
    received = b""
    while piece := raw.recv(65_536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def body_of(user: str) -> bytes:
    return json.dumps({"model": "ok", "user": user, "amount": "1", "messages": QUESTION}).encode()


@pytest.mark.unhurried
def test_a_body_that_does_not_come_to_its_end_is_told_and_the_connection_closed(demo: Demo) -> None:
    """Announced by its length and not begun, and chunked and whole but for the end that would say so."""
    user, before = demo.new_user(), demo.rows()
    body = body_of(user)
    with ExitStack() as stack:
        opened = {
            (path, is_begun): stack.enter_context(connected(demo)) for path in PATHS for is_begun in (False, True)
        }
        for (path, is_begun), raw in opened.items():
            announced = "Transfer-Encoding: chunked" if is_begun else f"Content-Length: {len(body)}"
            send_head(raw, demo, path, announced)
            if is_begun:
                raw.sendall(b"%x\r\n%s\r\n" % (len(body), body))
        for (path, is_begun), raw in opened.items():
            status, answer = read_to_the_end(raw)
            check_error(answer)
            assert (status, answer["error"]["code"]) == (408, "body_timeout"), path
            came = f"{len(body)} bytes" if is_begun else f"0 of {len(body)} bytes"
            assert f": {came} came, then nothing for 3 seconds." in answer["error"]["message"]
    assert (demo.rows(), demo.held(user), demo.spendable(user)) == (before, 0, 5)


@pytest.mark.unhurried
def test_a_body_that_comes_slowly_is_taken(demo: Demo, raw: socket.socket) -> None:
    """Longer in all than a client may be silent, and never silent for so long."""
    user = demo.new_user()
    body = body_of(user)
    send_head(raw, demo, PATHS[0], f"Content-Length: {len(body)}\r\nConnection: close")
    pieces = [body[at : at + len(body) // 8 + 1] for at in range(0, len(body), len(body) // 8 + 1)]
    for piece in pieces:
        time.sleep(0.5)
        raw.sendall(piece)
    status, answer = read_to_the_end(raw)
    assert (status, answer["model"]) == (200, "ok")


def test_a_client_that_leaves_before_its_body_came_leaves_nothing(demo: Demo, raw: socket.socket) -> None:
    before = demo.rows()
    send_head(raw, demo, PATHS[0], "Content-Length: 500")
    raw.sendall(b'{"model"')
    raw.close()
    assert httpx.get(f"{demo.base_url}/readyz").status_code == 200
    assert demo.rows() == before
