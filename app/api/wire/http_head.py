"""What a request's head may be: how large, and what in it would make two readers see two different requests.

Pure functions of the head, beside what `llhttp` refuses by itself: both lengths at once, folded lines, bare line ends.
"""

from app.api.common.errors import HeadTooLarge, MalformedRequest, UnknownTransferCoding, UnknownVersion

HEAD_BYTES_MAX = 65_536
LINE_BYTES_MAX = 16_384
URL_BYTES_MAX = 8_192
HEADERS_MAX = 1_000
LINE_EXTRA_BYTES = 4
"""What a line of a head has beside name and value: colon, space, CR and LF."""
WEBSOCKET_PATH = b"/_event"
"""Where the pages' own socket is."""
HOP_BY_HOP = (b"connection", b"upgrade", b"http2-settings")

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, and values, in the order in which they came."""


def check_size(head_bytes: int, line_bytes: int, lines: int) -> None:
    """Raises HeadTooLarge for a head that is too large so far, or for its newest line."""
    if line_bytes > LINE_BYTES_MAX or head_bytes > HEAD_BYTES_MAX or lines > HEADERS_MAX:
        said = f"{HEAD_BYTES_MAX} bytes and {HEADERS_MAX} lines in all, {LINE_BYTES_MAX} bytes a line"
        raise HeadTooLarge(f"The headers are larger than is taken: {said}.")


def check_url(url: bytes) -> None:
    """Raises HeadTooLarge for a URL that is too long so far."""
    if len(url) > URL_BYTES_MAX:
        raise HeadTooLarge(f"The URL is longer than {URL_BYTES_MAX} bytes.")


def check_head(version: str, headers: Headers) -> None:
    """Refuses a head that means another request to somebody in front of us, or that we would not answer right.

    Raises UnknownVersion, MalformedRequest, UnknownTransferCoding.
    """
    if version not in ("1.1", "1.0"):
        raise UnknownVersion(f"HTTP/{version} is not served; HTTP/1.1 is.")
    names = dict(headers)
    if len(names) < len(headers) and len(values_of(headers, b"host")) > 1:
        raise MalformedRequest("The header `Host` stands more than once.")
    if b"transfer-encoding" in names:
        if version == "1.0":
            raise MalformedRequest("HTTP/1.0 knows no `Transfer-Encoding`.")
        if values_of(headers, b"transfer-encoding") != [b"chunked"]:
            raise UnknownTransferCoding("Of transfer codings, only `chunked` is known.")


def expects_continue(headers: Headers) -> bool:
    """Tells whether whoever asks wants to be told to go on before it sends its body."""
    return b"expect" in dict(headers) and b"100-continue" in values_of(headers, b"expect")


def values_of(headers: Headers, name: bytes) -> list[bytes]:
    """Returns every value of a header, in lower case."""
    return [value.strip().lower() for found, value in headers if found == name]


def asks_for_socket(method: str, url: bytes, headers: Headers) -> bool:
    """Tells whether a request asks for the pages' socket, and for nothing else."""
    return (
        method == "GET"
        and url.startswith(WEBSOCKET_PATH)
        and values_of(headers, b"upgrade") == [b"websocket"]
        and len(values_of(headers, b"sec-websocket-key")) == 1
        and values_of(headers, b"content-length") in ([], [b"0"])
        and not values_of(headers, b"transfer-encoding")
    )


def without_upgrade(method: str, url: bytes, version: str, headers: Headers) -> bytes:
    """Returns a head as it would be without its wish for another protocol (RFC 9110, 7.8: it may be ignored)."""
    wishes = b",".join(value for name, value in headers if name == b"connection").split(b",")
    kept = b", ".join(wish.strip() for wish in wishes if wish.strip().lower() not in (b"", *HOP_BY_HOP))
    lines = [(name, value) for name, value in headers if name not in HOP_BY_HOP]
    if kept:
        lines.append((b"connection", kept))
    head = b"%s %s HTTP/%s\r\n" % (method.encode(), url, version.encode())
    return head + b"".join(b"%s: %s\r\n" % line for line in lines) + b"\r\n"
