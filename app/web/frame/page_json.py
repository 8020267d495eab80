"""How what changed on a page is written as JSON: as Reflex's own encoder would write it, in a tenth of the time."""

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, cast

import orjson
from reflex.utils import format as reflex_format
from reflex_base.utils.serializers import get_serializer, serialize

_LEFT_TO_REFLEX = orjson.OPT_PASSTHROUGH_DATETIME
"""What it has words of its own for."""


class Writer:
    """Writes for Socket.IO, and reads with what did so before."""

    def __init__(self, loads: Any) -> None:
        self.loads = loads

    def dumps(self, value: Any, **options: Any) -> str:
        """Returns a value as JSON."""
        return dumps(value, **options)


def use(server: Any) -> None:
    """Lets Socket.IO's server of page events write with this; what it reads is read as before."""
    server.packet_class.json = Writer(server.packet_class.json.loads)


def dumps(value: Any, **options: Any) -> str:
    """Returns a value as JSON. What orjson does not know (names that are no text, integers beyond 64 bits) goes to
    Reflex's encoder.
    """
    try:
        return orjson.dumps(value, _written, _LEFT_TO_REFLEX | orjson.OPT_PASSTHROUGH_DATACLASS).decode()
    except TypeError:
        return reflex_format.json_dumps(value, **options)


def _written(value: Any) -> Any:
    if _has_only_fields(cast(Hashable, type(value))):
        return orjson.Fragment(orjson.dumps(value, serialize, _LEFT_TO_REFLEX))
    return serialize(value)


@cache
def _has_only_fields(kind: Hashable) -> bool:
    """Tells whether a class is a record that nobody has words of their own for, as all rows of pages are."""
    if not is_dataclass(kind) or get_serializer(cast(type, kind)) is not None:
        return False
    return not any(one.name.startswith("_") for one in fields(kind))
