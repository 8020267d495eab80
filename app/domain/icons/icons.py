"""The icon of a paywall: checked before it is kept, and found by an address that changes with it."""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping

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


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
