"""A picture, and pictures as they stand in a message."""

import struct
from base64 import b64encode
from zlib import compress, crc32

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)


def url_of(data: bytes, media_type: str = "image/png") -> str:
    """Returns a picture as a data URL."""
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def chunk(kind: bytes, body: bytes) -> bytes:
    """Returns a chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))


def icon(side: int = 64, *more: bytes, height: int | None = None) -> bytes:
    """Returns a whole PNG of one colour, `more` being chunks before its picture."""
    return drawn_icon(compress(b"".join(b"\0" + b"\x80" * side for _ in range(side))), side, *more, height=height)


def drawn_icon(
    packed: bytes, side: int, *more: bytes, height: int | None = None, kind: tuple[int, int, int] = (8, 0, 0)
) -> bytes:
    """Returns a PNG of whatever is its packed picture; `kind` are its bits, its colours and its passes."""
    depth, colours, passes = kind
    head = struct.pack(">IIBBBBB", side, side if height is None else height, depth, colours, 0, 0, passes)
    parts = (chunk(b"IHDR", head), *more, chunk(b"IDAT", packed), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
