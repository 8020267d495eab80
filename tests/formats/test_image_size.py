"""The size of a picture is read from its first bytes."""

import struct
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.image_size import size_of
from tests.support.pictures import PNG, url_of

GIF = b"GIF89a" + struct.pack("<HH", 640, 480) + b"\x00" * 3
LOSSY = b"RIFF\x00\x00\x00\x00WEBPVP8 \x00\x00\x00\x00\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
LOSSLESS = b"RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f" + struct.pack("<I", 639 | 479 << 14)
EXTENDED = b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x10\x00\x00\x00" + b"\x7f\x02\x00" + b"\xdf\x01\x00"


def jpeg(frame: int, *before: bytes) -> bytes:
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data for data in before)
    return b"\xff\xd8" + segments + b"\xff\xff" + bytes((frame,)) + struct.pack(">HBHH", 17, 8, 480, 640)


PICTURES = {
    "png": PNG, "gif": GIF, "webp lossy": LOSSY, "webp lossless": LOSSLESS, "webp extended": EXTENDED,
    "jpeg": jpeg(0xC0), "jpeg progressive": jpeg(0xC2), "jpeg with a profile": jpeg(0xC0, b"x" * 60_000, b"\xff" * 9),
}  # fmt: skip


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_every_format_that_models_take_tells_its_size(data: bytes) -> None:
    assert size_of(url_of(data)) == size_of(url_of(data, "image/any;charset=x")) == (640, 480)
    assert size_of(b64encode(data).decode()) == (640, 480)
    assert size_of(url_of(data).replace(",", ",\n", 1)) == (640, 480)


@pytest.mark.parametrize(
    "url",
    ["https://x/y.png", "data:image/svg+xml,<svg/>", "data:image/png;base64,", "data:image/png;base64,!!!!", "", "AAAA",
     url_of(PNG[:20]), url_of(b"\xff\xd8\xff\xe1\xff\xff"), url_of(b"\xff\xd8\xff"), url_of(b"\xff\xd8nonsense"),
     url_of(PNG[:16] + bytes(8)), url_of(b"BM" + bytes(60)), "data:image/png;base64,é" + "é" * 80],
)  # fmt: skip
def test_what_tells_no_size_has_none(url: str) -> None:
    assert size_of(url) is None


@given(st.sampled_from([b"", b"\xff\xd8", b"RIFF1234WEBPVP8 ", b"GIF89a", PNG[:8]]), st.binary(max_size=80))
def test_no_bytes_break_it(begun: bytes, more: bytes) -> None:
    size = size_of(url_of(begun + more))
    assert size is None or min(size) > 0
