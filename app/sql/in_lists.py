"""Lists for `IN`, of few lengths: each length is a statement of its own, which drivers prepare and keep."""

from collections.abc import Collection, Sequence
from itertools import repeat
from typing import TypeVar

T = TypeVar("T")


def in_list(values: Collection[T]) -> Sequence[T]:
    """Returns values with the last of them once more, up to a power of two: of a thousand batches of about a thousand
    SQLite's driver kept a hundred statements otherwise, each of them large. None stay none.
    """
    found = list(values)
    missing = (1 << max(len(found) - 1, 0).bit_length()) - len(found) if found else 0
    return [*found, *repeat(found[-1], missing)] if missing else found
