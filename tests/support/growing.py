"""How long what others wrote takes to be read: the event loop waits for it, so it may grow with its size and no faster.

A host that somebody names may write anything. What takes the square of its size stops everybody's requests.
"""

import time
from collections.abc import Callable

TIMES = 8
"""How much larger the second size is; what grows with the square takes 64 times as long."""
ROUNDS = 3
SECONDS_MIN = 0.002
"""Below it a clock says little."""


def check_grows_with(read: Callable[[int], object], size: int) -> None:
    """Fails if eight times as much takes more than 24 times as long, the quickest of three rounds compared."""
    small, large = (min(_seconds(read, each) for _ in range(ROUNDS)) for each in (size, TIMES * size))
    assert large < 3 * TIMES * max(small, SECONDS_MIN / TIMES), f"{small:.4f} s for {size}, {large:.4f} s for the large"


def _seconds(read: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    read(size)
    return time.process_time() - began
