"""How large a picture is, read from the first bytes of a data URL: PNG, JPEG, GIF and WebP, which models take."""

import binascii
import struct
from base64 import b64decode

_HEAD_CHARACTERS = 64
_JPEG_CHARACTERS_MAX = 1_400_000
"""How far into a JPEG its size is looked for, behind profiles and previews: 1 MiB."""
_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

Size = tuple[int, int]
"""Width and height in pixels."""


def size_of(url: str) -> Size | None:
    """Returns the size of the picture in a data URL or in base64; None for another URL, or a format nobody knows."""
    head, comma, _ = url[:200].partition(",")
    if (comma and not head.endswith(";base64")) or (not comma and ":" in head):
        return None
    start = len(head) + 1 if comma else 0
    begun = _decode(url[start : start + _HEAD_CHARACTERS])
    if begun.startswith(b"\xff\xd8"):
        begun = _decode(url[start : start + _JPEG_CHARACTERS_MAX])
    try:
        width, height = _size_in(begun)
    except (struct.error, ValueError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _decode(encoded: str) -> bytes:
    """Returns as much as base64 gives, white space left out; nothing where it is none."""
    compact = "".join(encoded.split())
    try:
        return b64decode(compact[: len(compact) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _size_in(data: bytes) -> Size:
    """Returns the size that a picture's first bytes tell. Raises ValueError or struct.error where they do not."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", data, 16)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", data, 6)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _size_in_webp(data)
    elif data.startswith(b"\xff\xd8"):
        return _size_in_jpeg(data)
    else:
        raise ValueError("The format of the picture is unknown.")
    return width, height


def _size_in_webp(data: bytes) -> Size:
    """https://developers.google.com/speed/webp/docs/riff_container and RFC 6386, 9.1."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _size_in_jpeg(data: bytes) -> Size:
    """Goes from segment to segment up to the frame's (ITU T.81, B.1)."""
    position = 2
    while position < len(data):
        if data[position] != 0xFF:
            raise ValueError("The picture's segments are broken.")
        marker = data[position + 1] if position + 1 < len(data) else 0
        if marker == 0xFF or marker in _JPEG_WITHOUT_LENGTH:
            position += 1 if marker == 0xFF else 2
            continue
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, position + 2)
        position += 2 + max(length, 2)
    raise ValueError("The picture's frame comes late.")
