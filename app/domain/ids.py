"""Ids: a prefix that says of what, then letters and digits. New ones sort by the time of their making."""

import hashlib
import secrets
import string

from app.domain import clock

_ALPHABET = string.digits + string.ascii_lowercase
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def encode(number: int, alphabet: str, length: int) -> str:
    """Writes a number in the base of `alphabet`, padded to `length` characters."""
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        letters.append(alphabet[rest])
    return "".join(reversed(letters))


def new_id(prefix: str) -> str:
    """Returns `prefix_` + 9 characters of time (milliseconds) + 13 random ones (67 bits)."""
    return f"{prefix}_{encode(clock.now() // 1_000, _ALPHABET, 9)}{encode(secrets.randbits(67), _ALPHABET, 13)}"


def derived_id(prefix: str, *parts: str) -> str:
    """Returns the one id of what `parts` name: the same parts give the same id in every process."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return f"{prefix}_{encode(int.from_bytes(digest[:16]), _ALPHABET, 25)}"
