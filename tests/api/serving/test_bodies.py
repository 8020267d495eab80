"""Bodies of every route but chat, as a stranger sends them over raw sockets: small, in time, and no files."""

import gzip
import json
import time
import zlib
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.api.common.body import FORM_BYTES_MAX
from tests.emulators.upstream import RunningUpstream
from tests.support.raw_http import Answer, ask, connect, read_to_end
from tests.support.server import QUESTION, Demo, running
from tests.support.spec import check_error

ROUTES = [
    "POST /auth/email", "POST /auth/code", "POST /auth/sign-out", "POST /v1/user/balance/deposit",
    "POST /v1/user/charge", "POST /v1/ada/user/charge", "POST /v1/user/disconnect", "POST /v1/nothing",
    "PATCH /v1/webhooks/subscriptions/x", "POST /nowhere", "GET /v1/models", "PUT /v1/chat/completions",
    "POST /_upload", "GET /healthz",
]  # fmt: skip
HASTY = ["/auth/email", "/v1/user/charge", "/v1/chat/completions", "/nowhere"]
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
FILES = "Content-Type: multipart/form-data; boundary=b\r\n"
CLOSE = "Connection: close\r\n"


def send(demo: Demo, route: str, head: str, *body: bytes) -> list[Answer]:
    start = f"{route} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n{head}\r\n"
    return ask(urlsplit(demo.base_url).port or 0, start.encode(), *body)


@pytest.mark.parametrize("route", ROUTES)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(demo: Demo, route: str) -> None:
    for announced in (FORM_BYTES_MAX + 1, 1 << 30, 1 << 62):
        (answer,) = send(demo, route, f"{FORM}{CLOSE}Content-Length: {announced}\r\n")
        assert (answer.status, answer.code) == (413, "body_too_large")
    before = files_bytes(demo)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    (answer,) = send(demo, route, f"{FORM}{CLOSE}Transfer-Encoding: chunked\r\n", *[chunk] * 160, b"0\r\n\r\n")
    assert (answer.status, answer.code) == (413, "body_too_large")
    check_error(json.loads(answer.body))
    assert answer.headers["x-request-id"].startswith("req_")
    assert files_bytes(demo) < before + 1_000_000


def files_bytes(demo: Demo) -> int:
    """Returns what the server wrote so far, to any file, as its kernel counts it."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{demo.process.pid}/io").read_text().splitlines())
    return int(lines["wchar"])


@pytest.mark.parametrize("route", ROUTES)
def test_files_are_taken_nowhere(demo: Demo, route: str) -> None:
    part = b'--b\r\nContent-Disposition: form-data; name="email"; filename="x"\r\n\r\nada@x.org\r\n--b--\r\n'
    (answer,) = send(demo, route, f"{FILES}{CLOSE}Content-Length: {len(part)}\r\n", part)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    (answer,) = send(demo, route, f"{FILES}{CLOSE}Content-Length: {1 << 30}\r\n", part)
    assert answer.status == 415


def test_a_body_within_the_limit_is_read_as_before(demo: Demo) -> None:
    user = demo.new_user(None)
    body = json.dumps({"user": user, "amount": "1", "metadata": {"x": "y" * 10_000}}).encode()
    for head, sent in (("", body), ("Content-Encoding: gzip\r\n", gzip.compress(body)),
                       ("Content-Encoding: deflate\r\n", zlib.compress(body))):  # fmt: skip
        head += f"{CLOSE}Content-Length: {len(sent)}\r\n"
        (answer,) = send(demo, "POST /v1/user/balance/deposit", head, sent)
        assert answer.status == 200, answer
    assert demo.spendable(user) == 3


@pytest.mark.unhurried
def test_a_compressed_form_is_one_too_and_a_bomb_is_none(demo: Demo) -> None:
    for form, status in ((b"email=&next=%2Fwallet%2F", 303), (b"email=" + b"x" * 10_000_000, 413)):
        sent = gzip.compress(form)
        head = f"{FORM}{CLOSE}Content-Encoding: gzip\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {len(sent)}\r\n"
        (answer,) = send(demo, "POST /auth/email", head, sent)
        assert answer.status == status


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip"])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_compressed_chat_is_answered(demo: Demo, encoding: str, is_stream: bool) -> None:
    user = demo.new_user()
    body = json.dumps({"model": "ok", "user": user, "messages": QUESTION, "stream": is_stream}).encode()
    content = zlib.compress(body) if encoding == "deflate" else gzip.compress(body)
    answer = demo.post("/chat/completions", content=content, Content_Encoding=encoding)
    assert (answer.status_code, answer.headers["x-paywall-action"]) == (200, "none")
    assert demo.receipt(answer.headers["x-request-id"])["user"] == user


def test_the_same_chat_compressed_or_not_is_the_same_for_its_key(demo: Demo) -> None:
    user = demo.new_user()
    body = json.dumps({"model": "ok", "user": user, "messages": QUESTION}).encode()
    first = demo.post("/chat/completions", content=body, Idempotency_Key="k")
    again = demo.post("/chat/completions", content=gzip.compress(body), Idempotency_Key="k", Content_Encoding="gzip")
    assert again.status_code == 200 and again.headers["idempotent-replayed"] == "true"
    assert again.json() == first.json()


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("encoding", "content", "expected"),
    [
        ("br", b"x", (415, "unsupported_media_type")),
        ("zstd", b"x", (415, "unsupported_media_type")),
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}")), (415, "unsupported_media_type")),
        ("gzip", b"{}", (400, "invalid_encoding")),
        ("deflate", zlib.compress(b"{}")[:-2], (400, "invalid_encoding")),
        ("gzip", gzip.compress(b"{"), (400, "invalid_json")),
        ("gzip", None, (413, "body_too_large")),
    ],
)
def test_what_cannot_be_decompressed_is_told(
    demo: Demo, encoding: str, content: bytes | None, expected: tuple[int, str]
) -> None:
    content = gzip.compress(b" " * 300_000_000) if content is None else content
    for path in ("/chat/completions", "/user/charge"):
        answer = demo.post(path, content=content, Content_Encoding=encoding)
        check_error(answer.json())
        assert (answer.status_code, answer.json()["error"]["code"]) == expected
        assert answer.status_code != 415 or answer.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.slow
def test_bodies_that_drip_have_their_time(emulated: RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Only bodies that really drip show that each of them has its time, and not more."""
    data, options = tmp_path_factory.mktemp("hasty"), ("--upstream", emulated.base_url)
    with running(data, *options, FORM_SECONDS_MAX="0.5", BODY_SECONDS_MAX="0.5") as demo:
        with ExitStack() as stack:
            opened = [stack.enter_context(connect(urlsplit(demo.base_url).port or 0)) for _ in HASTY]
            for raw, path in zip(opened, HASTY, strict=True):
                head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n"
                raw.sendall(f"{head}Content-Length: 500\r\n\r\n".encode())
            for _ in range(8):
                time.sleep(0.1)
                for raw in opened:
                    raw.sendall(b"{")
            for raw in opened:
                received = read_to_end(raw)
                assert received.startswith(b"HTTP/1.1 408 ") and b'"body_timeout"' in received
        large = json.dumps({"model": "ok", "user": demo.new_user(), "messages": QUESTION, "x": "y" * 9_000}).encode()

        def slowly() -> object:
            for start in range(0, len(large), 1_000):
                time.sleep(0.1)
                yield large[start : start + 1_000]

        answer = httpx.post(f"{demo.api_base}/chat/completions", content=slowly(), headers=demo.headers())  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert demo.audit() == "The books balance."
