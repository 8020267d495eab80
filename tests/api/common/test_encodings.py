"""Compressed bodies: as they were, or an error; never more in memory than the limit."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from app.api.common.encodings import MEMBERS_MAX, decoded
from app.api.common.errors import BodyEncoded, BodyTooLarge
from app.domain.errors import BadField

TEXT = b'{"messages": "' + bytes(range(32, 127)) * 3_000 + b'"}'


def raw_deflate(body: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-15)
    return machine.compress(body) + machine.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        (b"gzip", gzip.compress),
        (b"X-GZip", gzip.compress),
        (b"deflate", zlib.compress),
        (b" Deflate ", raw_deflate),
        (b"deflate", lambda body: zlib.compress(body, 9)),
        (b"gzip", lambda body: gzip.compress(body[:500]) + gzip.compress(b"") + gzip.compress(body[500:])),
        (b"identity", bytes),
        (b"", bytes),
    ],
)
@pytest.mark.parametrize("size", [0, 1, 700, len(TEXT)])
async def test_what_was_compressed_is_read_as_it_was(
    encoding: bytes, compress: Callable[[bytes], bytes], size: int
) -> None:
    assert await decoded(compress(TEXT[:size]), encoding, size) == TEXT[:size]


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"compress", b"gzip, gzip", b"deflate,gzip", b"*", b"\xff"])
async def test_other_encodings_are_told(encoding: bytes) -> None:
    with pytest.raises(BodyEncoded, match="gzip and deflate are"):
        await decoded(b"x", encoding, 1_000)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", TEXT),
        (b"gzip", b""),
        (b"gzip", gzip.compress(TEXT)[:-9]),
        (b"gzip", gzip.compress(TEXT)[:-1] + b"x"),
        (b"gzip", gzip.compress(TEXT) + b"behind"),
        (b"gzip", gzip.compress(b"") * (MEMBERS_MAX + 1)),
        (b"gzip", zlib.compress(TEXT)),
        (b"deflate", zlib.compress(TEXT) + zlib.compress(TEXT)),
        (b"deflate", zlib.compress(TEXT)[:100]),
        (b"deflate", b"x"),
    ],
)
async def test_what_is_not_compressed_so_is_refused(encoding: bytes, body: bytes) -> None:
    with pytest.raises(BadField) as refused:
        await decoded(body, encoding, 10_000_000)
    assert refused.value.code == "invalid_encoding"


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("encoding", "compress"), [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"deflate", raw_deflate)]
)
async def test_a_bomb_is_put_out_at_the_limit(encoding: bytes, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(b"\0" * 100_000_000)
    tracemalloc.start()
    try:
        for body in (bomb, bomb[:60_000], bomb * 3):
            with pytest.raises(BodyTooLarge):
                await decoded(body, encoding, 2_000_000)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
