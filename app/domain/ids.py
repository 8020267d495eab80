"""Ids: a prefix that says of what, then letters and digits. New ones sort by the time of their making."""

import hashlib
import os
import string
import threading
from functools import lru_cache

from app.domain import clock

_ALPHABET = string.digits + string.ascii_lowercase
_TIME_CHARACTERS, _RANDOM_CHARACTERS = 9, 11
_MILLISECONDS_MAX = len(_ALPHABET) ** _TIME_CHARACTERS - 1
_POOL_CHARACTERS = 11 * 256
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_LETTER_OF_BYTE = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def encode(number: int, alphabet: str, length: int) -> str:
    """Writes a number in the base of `alphabet`, padded to `length` characters."""
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        letters.append(alphabet[rest])
    return "".join(reversed(letters))


def new_id(prefix: str) -> str:
    """Returns `prefix_` + 9 characters of time (milliseconds) + 2 of the microseconds + 11 random ones (57 bits)."""
    milliseconds, microseconds = divmod(clock.now(), 1_000)
    return f"{prefix}_{_encode_time(milliseconds)}{_PAIRS[microseconds]}{_draw()}"


class _Pool(threading.local):
    """Random characters of one thread, asked of the system many at a time, because each asking gives up the GIL."""

    characters = ""
    position = 0
    process = 0


_pool = _Pool()
_process = os.getpid()


def _note_process() -> None:
    """What a process has drawn ahead is not drawn again by one that it becomes; to ask each time costs a call."""
    global _process
    _process = os.getpid()


os.register_at_fork(after_in_child=_note_process)


def _draw() -> str:
    pool, start = _pool, _pool.position
    if start >= len(pool.characters) or pool.process != _process:
        pool.characters = os.urandom(_POOL_CHARACTERS).translate(_LETTER_OF_BYTE).decode()
        pool.process, start = _process, 0
    pool.position = start + _RANDOM_CHARACTERS
    return pool.characters[start : pool.position]


def _encode_time(milliseconds: int) -> str:
    """Writes a time as `encode` does; its first letters are the same for half an hour."""
    half_hours, rest = divmod(milliseconds, 1_296 * 1_296)
    high, low = divmod(rest, 1_296)
    return _encode_half_hours(half_hours) + _PAIRS[high] + _PAIRS[low]


@lru_cache(maxsize=2)
def _encode_half_hours(number: int) -> str:
    return encode(number, _ALPHABET, _TIME_CHARACTERS - 4)


def least_id(prefix: str, at: int) -> str:
    """Returns what no id sorts below that was made at a time (microseconds) or later, and every earlier one does."""
    return f"{prefix}_{encode(max(0, min(at // 1_000, _MILLISECONDS_MAX)), _ALPHABET, _TIME_CHARACTERS)}"


def is_word(text: str) -> bool:
    """Tells whether a text can be an id at all: PostgreSQL refuses to look for some characters, which no id has."""
    return text.isascii() and text.isprintable()


def as_id(text: str) -> str:
    """Returns an id to look for; one that finds nothing where the text, which may be anybody's, can be none."""
    return text if is_word(text) else ""


def derived_id(prefix: str, *parts: str) -> str:
    """Returns the one id of what `parts` name: the same parts give the same id in every process.

    Any texts do, half of a surrogate pair too, which a browser may send in the place of a click's id.
    """
    digest = hashlib.sha256("\x00".join(parts).encode(errors="surrogatepass")).digest()
    return f"{prefix}_{_encode_by_pairs(int.from_bytes(digest[:16]))}"


def _encode_by_pairs(number: int) -> str:
    """Writes 128 bits as `encode` does, in 25 letters and digits, but two at a time."""
    pairs = []
    for _ in range(12):
        number, rest = divmod(number, 1_296)
        pairs.append(_PAIRS[rest])
    pairs.append(_ALPHABET[number])
    pairs.reverse()
    return "".join(pairs)
