"""Bodies that were compressed on their way (RFC 9110, 8.4): gzip and deflate, inflated up to a limit and no further."""

import zlib

from app import threads
from app.api.common.errors import BodyEncoded, BodyTooLarge
from app.domain.errors import BadField

GZIP, ZLIB, RAW = 31, 15, -15
"""What `zlib` calls them: gzip's own frame, zlib's, and none, which some clients send as deflate."""
SLICE_BYTES = 65_536
THREAD_BYTES = 1_000_000
"""If more may come out, inflating would hold the event loop up for longer than a hop to a thread."""
INFLATED_MAX = 1_032
"""How many times its size deflated bytes come to at most (zlib's own account)."""
MEMBERS_MAX = 100
"""Of how many files put together a gzip body may be; empty ones cost time and say nothing."""


async def decoded(body: bytes, encoding: bytes, bytes_max: int) -> bytes:
    """Returns a body as it was before it was compressed.

    Raises BodyEncoded for other encodings, BodyTooLarge as soon as more than `bytes_max` come out, and BadField for
    what is not compressed so, or not to its end.
    """
    name = encoding.strip().lower()
    if name in (b"", b"identity"):
        return body
    if name in (b"gzip", b"x-gzip"):
        form = GZIP
    elif name == b"deflate":
        form = ZLIB if _is_framed(body) else RAW
    else:
        raise BodyEncoded(f"Bodies in the encoding `{name.decode('latin-1')[:40]}` are not read; gzip and deflate are.")
    if min(len(body) * INFLATED_MAX, bytes_max) > THREAD_BYTES:
        return await threads.PARSE.run(inflate, body, form, bytes_max)
    return inflate(body, form, bytes_max)


def _is_framed(body: bytes) -> bool:
    """Tells whether a deflate body begins as RFC 1950 has it: method 8, and a sum that 31 divides."""
    return len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def inflate(body: bytes, form: int, bytes_max: int) -> bytes:
    """Returns what a compressed body holds; raises as `decoded` does. Never more than the limit is in memory."""
    pieces: list[bytes] = []
    size, members, machine = 0, 1, zlib.decompressobj(form)
    for start in range(0, len(body), SLICE_BYTES):
        left = body[start : start + SLICE_BYTES]
        while left:
            if machine.eof:
                members, machine = members + 1, zlib.decompressobj(form)
                if form != GZIP or members > MEMBERS_MAX:
                    raise _malformed("something stands behind its end")
            try:
                piece = machine.decompress(left, bytes_max + 1 - size)
            except zlib.error:
                raise _malformed("it is not compressed as it says") from None
            size += len(piece)
            if size > bytes_max:
                raise BodyTooLarge(f"The body is larger than {bytes_max} bytes once it is decompressed.")
            pieces.append(piece)
            left = machine.unused_data if machine.eof else machine.unconsumed_tail
    if not machine.eof:
        raise _malformed("it breaks off")
    return b"".join(pieces)


def _malformed(why: str) -> BadField:
    return BadField(None, f"The body cannot be decompressed: {why}.", "invalid_encoding")
