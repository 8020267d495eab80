"""Columns of values in PostgreSQL's binary form of an array, made at once: the driver looks at each value for itself.

The form is that of `array_send`: dimensions, whether there are nulls, the type's oid, length and lower bound, then
each element behind its length, -1 for a null (PostgreSQL, src/backend/utils/adt/arrayfuncs.c).
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any

BIGINT_OID, TEXT_OID = 20, 25
BIGINT_ARRAY_OID, TEXT_ARRAY_OID = 1016, 1009

_HEAD = Struct(">iiiii")
_LENGTH = Struct(">i").pack
_LENGTHS = [_LENGTH(length) for length in range(4_096)]
_NULL = _LENGTH(-1)
_WHOLE = Struct(">iq").pack


class Whole64s(list[int | None]):
    """A column of whole numbers, so that PostgreSQL's driver need not look at each to know what it is."""


class Texts(list[str | None]):
    """A column of texts, as `Whole64s`."""


def whole_array(values: Sequence[int | None]) -> bytes:
    """Returns a `bigint[]`. Raises struct.error for a number that is none of 64 bits."""
    if None in values:
        pieces = [_NULL if value is None else _WHOLE(8, value) for value in values]
        return _HEAD.pack(1, 1, BIGINT_OID, len(values), 1) + b"".join(pieces)
    filled = [8] * (2 * len(values))
    filled[1::2] = values  # type: ignore[assignment]  # none of them is None
    return _HEAD.pack(1, 0, BIGINT_OID, len(values), 1) + _wholes(len(values)).pack(*filled)


@lru_cache(maxsize=1_024)
def _wholes(count: int) -> Struct:
    return Struct(">" + "iq" * count)


def text_array(values: Sequence[str | None]) -> bytes:
    """Returns a `text[]`. Raises UnicodeEncodeError for half a surrogate pair, as any text does."""
    pieces: list[bytes] = [_HEAD.pack(1, int(None in values), TEXT_OID, len(values), 1)]
    add = pieces.append
    for value in values:
        if value is None:
            add(_NULL)
        else:
            encoded = value.encode()
            length = len(encoded)
            add(_LENGTHS[length] if length < len(_LENGTHS) else _LENGTH(length))
            add(encoded)
    return b"".join(pieces)


class _Dumper:
    """How the driver writes a column of values: whole, in binary. It asks for no base class."""

    format, oid = 1, 0

    def __init__(self, cls: type, context: object = None) -> None:
        self.cls = cls

    def get_key(self, _column: object, _format: object) -> type:
        """Returns what tells this dumper from others."""
        return self.cls

    def upgrade(self, _column: object, _format: object) -> "_Dumper":
        """Returns the dumper for this very column: the same for all."""
        return self


class _WholeDumper(_Dumper):
    oid = BIGINT_ARRAY_OID
    dump = staticmethod(whole_array)


class _TextDumper(_Dumper):
    oid = TEXT_ARRAY_OID
    dump = staticmethod(text_array)


def prepare_postgresql(connection: Any, _record: object) -> None:
    """Tells the driver of a new connection how columns are written.

    Single numbers are sent as one type: by their size, it would keep a statement for every mixture.
    """
    for form in (0, 1):
        connection.adapters.register_dumper(int, connection.adapters.get_dumper_by_oid(BIGINT_OID, form))
    connection.adapters.register_dumper(Whole64s, _WholeDumper)
    connection.adapters.register_dumper(Texts, _TextDumper)
