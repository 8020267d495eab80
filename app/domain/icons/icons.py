"""The icon of a paywall: checked before it is kept, and found by an address that changes with it."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField
from app.domain.icons.tables import PaywallIcon
from app.sql.columns import table_of

ICON_BYTES_MAX = 48_000
SIDE_MIN, SIDE_MAX = 32, 512
_DIGEST_CHARACTERS = 16
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB"))
"""The chunks that a picture needs; texts, profiles, times and animations are left out."""
_DEPTHS: Mapping[int, tuple[int, frozenset[int]]] = {
    0: (1, frozenset((1, 2, 4, 8, 16))), 2: (3, frozenset((8, 16))), 3: (1, frozenset((1, 2, 4, 8))),
    4: (2, frozenset((8, 16))), 6: (4, frozenset((8, 16))),
}  # fmt: skip
"""How many samples a pixel has and how many bits each may have, by the type of its colours."""
_WHOLE = ((0, 0, 1, 1),)
_INTERLACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Where a pass over a picture begins in x and y, and its steps."""
_FILTERS = frozenset(range(5))


def clean_png(data: bytes) -> bytes:
    """Returns a PNG with what draws it and nothing else (https://www.w3.org/TR/png-3/).

    Raises BadField for whatever is no whole PNG, and for one that is too heavy, too small, too large or not square.
    """
    if len(data) > ICON_BYTES_MAX:
        raise BadField("icon", f"The icon may have {ICON_BYTES_MAX // 1000} KB; this one has {len(data) // 1000 + 1}.")
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13 or chunks[-1][0] != b"IEND":
        raise BadField("icon", "The icon must be a PNG; this file is none, or is cut off.")
    width, height = struct.unpack(">II", chunks[0][1][:8])
    if width != height or not SIDE_MIN <= width <= SIDE_MAX:
        raise BadField("icon", f"The icon must be a square of {SIDE_MIN} to {SIDE_MAX} pixels; this one is {width} by"
                       f" {height}.")  # fmt: skip
    if not _can_be_drawn(chunks, width):
        raise BadField("icon", "The icon must be a PNG that can be drawn; the picture in this one is broken.")
    return _SIGNATURE + b"".join(_chunk(kind, body) for kind, body in chunks if kind in _KEPT)


def set_icon(session: Session, paywall_id: str, png: bytes | None) -> str | None:
    """Gives a paywall a picture that `clean_png` returned, or none, and returns its digest. The paywall is locked."""
    session.execute(delete(PaywallIcon).where(table_of(PaywallIcon).c.paywall_id == paywall_id))
    if png is None:
        return None
    digest = hashlib.sha256(png).hexdigest()[:_DIGEST_CHARACTERS]
    session.add(PaywallIcon(paywall_id=paywall_id, digest=digest, png=png, changed_at=clock.now()))
    session.flush()
    return digest


def read_icon(session: Session, paywall_id: str, digest: str) -> bytes | None:
    """Returns the PNG that has this address; None where there is none, or another one by now."""
    icons = table_of(PaywallIcon)
    found = select(icons.c.png).where(icons.c.paywall_id == paywall_id, icons.c.digest == digest)
    png: bytes | None = session.scalar(found)
    return png


def icon_paths(session: Session, paywall_ids: Iterable[str]) -> Mapping[str, str]:
    """Returns where the icon is, on this site, of each of these paywalls that has one."""
    icons = table_of(PaywallIcon)
    rows = session.execute(select(icons.c.paywall_id, icons.c.digest).where(icons.c.paywall_id.in_(set(paywall_ids))))
    return {row.paywall_id: f"/icons/{row.paywall_id}/{row.digest}.png" for row in rows}


def icon_path(session: Session, paywall_id: str) -> str:
    """Returns where the icon of a paywall is, on this site; empty for one without."""
    return icon_paths(session, [paywall_id]).get(paywall_id, "")


def _chunks(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """Yields type and body of each chunk, the checksum of each proven; nothing more from where one is not whole."""
    place = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body, end = data[place + 8 : place + 8 + length], place + 12 + length
        if end > len(data) or struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(kind + body):
            return
        yield kind, body
        if kind == b"IEND":
            return
        place = end


def _can_be_drawn(chunks: Sequence[tuple[bytes, bytes]], side: int) -> bool:
    """Tells whether the packed picture is as long as its head says, without unpacking a byte more than that."""
    depth, colours, *methods, interlace = chunks[0][1][8:13]
    samples, depths = _DEPTHS.get(colours, (0, frozenset[int]()))
    if depth not in depths or methods != [0, 0] or interlace > 1:
        return False
    palette = next((body for kind, body in chunks if kind == b"PLTE"), b"")
    if colours == 3 and (not palette or len(palette) % 3):
        return False
    lines = [line for each in (_INTERLACED if interlace else _WHOLE) for line in _lines(side, samples * depth, *each)]
    unpacking = zlib.decompressobj()
    try:
        drawn = unpacking.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"), sum(lines) + 1)
    except zlib.error:
        return False
    begins = accumulate(lines[:-1], initial=0)
    return unpacking.eof and len(drawn) == sum(lines) and all(drawn[at] in _FILTERS for at in begins)


def _lines(side: int, bits: int, x: int, y: int, step_x: int, step_y: int) -> list[int]:
    """Returns how many bytes each line of a pass has, its filter's with them."""
    pixels = len(range(x, side, step_x))
    return [1 + (pixels * bits + 7) // 8] * len(range(y, side, step_y))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
