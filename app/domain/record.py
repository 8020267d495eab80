"""Records: frozen dataclasses that are made by the hundred, for each request above all, at the price of plain ones.

Python sets every field of a frozen dataclass through `object.__setattr__`, which takes five times as long; a chat makes
some thirty of them, with 160 fields, and a draft of all prices some six for each of a thousand models. To mypy a
record is a frozen dataclass, so nothing here writes to one; at run time nothing stops it. Whatever is made
seldom, or outlives a request, is an ordinary frozen dataclass.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen: bool, slots: bool, weakref_slot: bool = False) -> Any:
        """Makes a dataclass of values, as `dataclass(frozen=True, slots=True)` does, without its guard."""
        if not frozen:
            raise TypeError("A record is frozen.")
        return dataclass(unsafe_hash=True, slots=slots, weakref_slot=weakref_slot)


__all__ = ["record"]
