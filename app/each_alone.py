"""Loops that serve many: each item's work stands alone, so that one item's bug is logged and is nobody else's.

An item that fails neither ends the loop, nor repeats or delays what the others do. What becomes of it is the
caller's to say: its own attempts, its own final state.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from app.domain.errors import CoinslotError

log = structlog.get_logger()

Item = TypeVar("Item")
T = TypeVar("T")

ERROR_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True)
class Failed:
    """What came of an item whose work raised: its error, in place of a result."""

    error: Exception

    @property
    def is_bug(self) -> bool:
        """Whether it is none of our own errors, such as a database that is away: trying again may not help."""
        return not isinstance(self.error, CoinslotError)


async def alone(loop: str, item: str, work: Callable[[], Awaitable[T]]) -> T | Failed:
    """Returns what an item's work returned, or that it failed, which is logged under the loop's name. Never raises."""
    try:
        return await work()
    except Exception as error:
        failed = Failed(error)
        trace = {"exc_info": error} if failed.is_bug else {}
        log.error(loop, step="failed", item=item, error=repr(error)[:ERROR_CHARACTERS_MAX], **trace)
        return failed


async def each_alone(
    loop: str, items: Iterable[Item], work: Callable[[Item], Awaitable[T]], name: Callable[[Item], str] = str
) -> list[tuple[Item, T | Failed]]:
    """Does each item's work in turn and returns what came of each; `name` says in the log which it was."""
    return [(item, await alone(loop, name(item), partial(work, item))) for item in items]
