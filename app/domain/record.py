"""Records: frozen dataclasses that are made by the hundred, for each request above all, at the price of plain ones.

Python sets every field of a frozen dataclass through `object.__setattr__`, which takes five times as long; a chat makes
some thirty of them, with 160 fields, and a draft of all prices some six for each of a thousand models. To mypy a
record is a frozen dataclass, so nothing here writes to one; at run time nothing stops it. Whatever is made
seldom, or outlives a request, is an ordinary frozen dataclass.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, slots: bool, weakref_slot: bool = False) -> Any:
        """Makes a dataclass of values, as `dataclass(frozen=True, slots=True)` does, without its guard."""
        if not frozen:
            raise TypeError("A record is frozen.")
        return dataclass(unsafe_hash=True, slots=slots, weakref_slot=weakref_slot)


def changed(one: T, /, **values: Any) -> T:
    """Returns a record with other values in some of its two fields or more, as `replace` does in twice the time."""
    kind: Any = type(one)
    places, read = _fields_of(kind)
    made = list(read(one))
    for name, value in values.items():
        made[places[name]] = value
    return kind(*made)  # type: ignore[no-any-return]


@cache
def _fields_of(kind: Any) -> tuple[Mapping[str, int], Callable[[Any], tuple[Any, ...]]]:
    """Returns where the fields of a kind of record stand among what makes one, and what reads them all."""
    names = [field.name for field in fields(kind)]
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)


__all__ = ["changed", "record"]
