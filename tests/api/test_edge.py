"""The real server, over raw sockets: what protects it stands before everything that it serves."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest

from tests.emulators.upstream import RunningUpstream
from tests.support.raw_http import ask, connect, read_to_end
from tests.support.server import QUESTION, Demo, running

CLOSE = "Connection: close\r\n"


def port_of(demo: Demo) -> int:
    return urlsplit(demo.base_url).port or 0


def chat_request(demo: Demo, head: str, *, version: str = "1.1", **more: object) -> bytes:
    body = json.dumps({"model": "ok", "user": demo.new_user(), "messages": QUESTION, **more}).encode()
    lines = f"Host: x\r\nAuthorization: Bearer {demo.key}\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    return f"POST /v1/chat/completions HTTP/{version}\r\n{lines}".encode() + body


@pytest.mark.parametrize("wish", ["h2c", "websocket", "HTTP/2.0"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_chat_that_wishes_for_another_protocol_is_answered(demo: Demo, wish: str, is_stream: bool) -> None:
    head = f"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: {wish}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    (answer,) = ask(port_of(demo), chat_request(demo, head, stream=is_stream))
    assert (answer.status, answer.headers["x-paywall-action"]) == (200, "none")
    assert answer.body.endswith(b"data: [DONE]\n\n") if is_stream else json.loads(answer.body)["paywall"]


def test_curl_asks_for_http_2_and_is_answered(demo: Demo) -> None:
    body = json.dumps({"model": "ok", "user": demo.new_user(), "messages": QUESTION})
    headers = [part for name, value in demo.headers().items() for part in ("-H", f"{name}: {value}")]
    command = ["curl", "-sS", "--http2", "-i", *headers, "-d", body, f"{demo.api_base}/chat/completions"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("HTTP/1.1 200") and '"paywall"' in done.stdout


def test_a_body_behind_an_upgrade_is_never_the_next_request(demo: Demo) -> None:
    """A proxy in front counts one request; were the body read as a second, its answer would be somebody else's."""
    inner = f"GET /v1/user/balance?user=x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n\r\n"
    head = f"POST /v1/user/charge HTTP/1.1\r\nHost: x\r\n{CLOSE[:-2]}, Upgrade\r\nUpgrade: websocket\r\n"
    (answer,) = ask(port_of(demo), f"{head}Content-Length: {len(inner)}\r\n\r\n{inner}".encode())
    assert answer.status == 401


def test_a_stream_for_http_1_0_is_not_chunked(demo: Demo) -> None:
    (answer,) = ask(port_of(demo), chat_request(demo, "", version="1.0", stream=True))
    assert answer.body.startswith(b"data: {") and answer.body.endswith(b"data: [DONE]\n\n")
    assert "transfer-encoding" not in answer.headers and answer.headers["connection"] == "close"


@pytest.mark.unhurried
def test_heads_have_bounds_before_anything_reads_them(demo: Demo) -> None:
    for path in ("/healthz", "/v1/models", "/wallet/"):
        (answer,) = ask(port_of(demo), f"GET {path} HTTP/1.1\r\nX: ".encode() + b"a" * 28_000_000)
        assert (answer.status, answer.code) == (431, "headers_too_large")


@pytest.fixture(scope="module")
def narrow(emulated: RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A server that may open few files, and does not wait long."""
    with running(
        tmp_path_factory.mktemp("narrow"), "--upstream", emulated.base_url, files_max=256, HEAD_SECONDS_MAX="1",
        FORM_SECONDS_MAX="1", BODY_SECONDS_MAX="1", WAITING_CONNECTIONS_MAX="20",
    ) as started:  # fmt: skip
        yield started
        assert started.audit() == "The books balance."


@pytest.mark.slow
def test_files_never_run_out_for_others_and_unfinished_requests_end(narrow: Demo) -> None:
    """Only hundreds of connections at once come near the limit of open files."""
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(port_of(narrow))) for _ in range(400)]
        for number, raw in enumerate(opened):
            with suppress(OSError):  # the oldest are out by now
                raw.sendall(b"" if number % 2 else b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Never: end")
        for _ in range(3):
            assert narrow.chat("ok", narrow.new_user()).status_code == 200
        begun = time.monotonic()
        for raw in opened:
            with suppress(ConnectionResetError):
                read_to_end(raw)
        assert time.monotonic() - begun < 10
    assert "Too many open files" not in narrow.log.read_text()
