"""What others wrote without an end is read to its end: the event loop waits for it, so its time may grow as it does.

A host that somebody names may write anything. What takes the square of its size stops everybody's requests: so much of
it would take a minute and more, where it takes a tenth of a second. `tests/bench/growing.py` prints how it grows.
"""

from collections.abc import Callable

import pytest

MUCH = 64
"""How many times the size is read at which the square of it begins to be felt."""
ends_in_time = pytest.mark.timeout(30)
"""Breaks off a test that reads what would take minutes."""


def read_much(read: Callable[[int], object], size: int) -> None:
    """Has something read that is 64 times as long as that."""
    read(MUCH * size)
