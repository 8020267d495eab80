"""Browsers that signed in to an address before: a signed word that the browser keeps says so, and names no address.

It lets nobody in. Strangers who ask for codes to somebody's address do not keep that person's own browser waiting.
"""

import base64
import hmac
import re
from collections.abc import Sequence

from app.domain import clock

KNOWN_SECONDS = 180 * 24 * 60 * 60
ADDRESSES_MAX = 5
"""To how many addresses one browser is known; the latest count."""
_MAC_BYTES = 16
_ENTRY = re.compile(r"[0-9]{1,12}\.[A-Za-z0-9_-]{22}")
_BETWEEN = "~"


def remember(secrets: Sequence[bytes], kept: str | None, email: str) -> str:
    """Returns what a browser keeps once it has signed in to an address, beside what it kept before."""
    at = clock.now() // clock.SECOND
    before = [entry for entry in _entries(kept) if not _is_of(secrets, entry, email)]
    return _BETWEEN.join([_entry(secrets[0], email, at), *before][:ADDRESSES_MAX])


def is_known(secrets: Sequence[bytes], kept: str | None, email: str) -> bool:
    """Tells whether what a browser keeps is ours, by any of our secrets, of this address, and not too old."""
    oldest = clock.now() // clock.SECOND - KNOWN_SECONDS
    return any(_is_of(secrets, entry, email) and int(entry.partition(".")[0]) >= oldest for entry in _entries(kept))


def _entries(kept: str | None) -> list[str]:
    """Returns what has the shape of ours, of a text that anybody can have written."""
    return [entry for entry in (kept or "").split(_BETWEEN)[:ADDRESSES_MAX] if _ENTRY.fullmatch(entry)]


def _is_of(secrets: Sequence[bytes], entry: str, email: str) -> bool:
    at = int(entry.partition(".")[0])
    return any(hmac.compare_digest(entry.encode(), _entry(secret, email, at).encode()) for secret in secrets)


def _entry(secret: bytes, email: str, at: int) -> str:
    key = hmac.digest(secret, b"known-browsers", "sha256")
    mac = hmac.digest(key, f"{at}:{email}".encode(), "sha256")[:_MAC_BYTES]
    return f"{at}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
