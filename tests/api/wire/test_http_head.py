"""Heads that mean one thing only, and what is left of one whose wish for another protocol is ignored."""

import pytest

from app.api.common.errors import HeadTooLarge, MalformedRequest, UnknownTransferCoding, UnknownVersion
from app.api.wire import http_head
from app.api.wire.http_head import Headers
from app.domain.errors import CoinslotError

KEY = (b"sec-websocket-key", b"x")
UPGRADE = [(b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"websocket")]


@pytest.mark.parametrize(
    ("version", "headers", "expected"),
    [
        ("1.1", [(b"host", b"a"), (b"host", b"a")], MalformedRequest),
        ("1.0", [(b"transfer-encoding", b"chunked")], MalformedRequest),
        ("1.1", [(b"transfer-encoding", b"gzip, chunked")], UnknownTransferCoding),
        ("1.1", [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")], UnknownTransferCoding),
        ("0.9", [], UnknownVersion),
        ("2.0", [], UnknownVersion),
    ],
)
def test_a_head_that_others_may_read_otherwise_is_refused(
    version: str, headers: Headers, expected: type[CoinslotError]
) -> None:
    with pytest.raises(expected):
        http_head.check_head(version, headers)


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b" chunked "])
def test_chunked_is_known_however_it_is_written(coding: bytes) -> None:
    http_head.check_head("1.1", [(b"host", b"a"), (b"transfer-encoding", coding)])


def test_sizes_are_taken_up_to_their_limit_and_no_further() -> None:
    most = (http_head.HEAD_BYTES_MAX, http_head.LINE_BYTES_MAX, http_head.HEADERS_MAX)
    http_head.check_size(*most)
    http_head.check_url(b"x" * http_head.URL_BYTES_MAX)
    for place in range(3):
        with pytest.raises(HeadTooLarge):
            http_head.check_size(*(size + (number == place) for number, size in enumerate(most)))
    with pytest.raises(HeadTooLarge):
        http_head.check_url(b"x" * (http_head.URL_BYTES_MAX + 1))


@pytest.mark.parametrize(
    ("method", "url", "more", "expected"),
    [
        ("GET", b"/_event/?EIO=4", [KEY], True),
        ("GET", b"/_event/?EIO=4", [KEY, (b"content-length", b"0")], True),
        ("GET", b"/_event/?EIO=4", [KEY, (b"content-length", b"30")], False),
        ("GET", b"/_event/?EIO=4", [KEY, (b"transfer-encoding", b"chunked")], False),
        ("GET", b"/_event/?EIO=4", [], False),
        ("POST", b"/_event/?EIO=4", [KEY], False),
        ("GET", b"/v1/models", [KEY], False),
    ],
)
def test_only_the_pages_socket_is_one(method: str, url: bytes, more: Headers, expected: bool) -> None:
    assert http_head.asks_for_socket(method, url, [*UPGRADE, *more]) is expected


def test_a_wish_is_taken_out_and_all_else_kept() -> None:
    headers = [(b"host", b"a"), (b"connection", b"Upgrade, HTTP2-Settings, close"), (b"upgrade", b"h2c"),
               (b"http2-settings", b"AAMAAABk"), (b"content-length", b"3")]  # fmt: skip
    expected = b"POST /x?y HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nconnection: close\r\n\r\n"
    assert http_head.without_upgrade("POST", b"/x?y", "1.1", headers) == expected
    assert b"connection" not in http_head.without_upgrade("GET", b"/", "1.1", UPGRADE[1:])
