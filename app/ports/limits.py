"""Who counts limits, as flows need it: in memory or in Redis."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable


class Take(NamedTuple):
    """What a request takes of one limit: of a minute's allowance, or a slot that it keeps until it ends.

    `name` says what is counted together; `amount` is at most `limit`.
    """

    name: str
    limit: int
    amount: int = 1
    is_slot: bool = False


class Counted(NamedTuple):
    """Where a limit stands: what is used of it, and after how long nothing is, if nothing more comes."""

    used: int
    reset_seconds: float


class Taken(NamedTuple):
    """What became of a request's takes: all were counted, at `slice`, or none.

    `refused` is the place of the one that lets it wait longest, for about `wait_seconds`.
    """

    counted: tuple[Counted, ...]
    slice: int
    refused: int | None = None
    wait_seconds: float = 0


class LimitCounter(Protocol):
    """Counts what requests use of limits, for one process or for several."""

    async def take(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Takes all or nothing, whatever others take at the same time. Raises Unavailable."""
        ...

    async def correct(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Says what a request, whose takes were counted at a slice, really used, and gives its slots back.

        What was counted too much is taken back where it was counted; what it used beyond that counts from now
        on. Raises Unavailable.
        """
        ...

    async def close(self) -> None:
        """Closes all connections."""
        ...


@runtime_checkable
class ImmediateCounter(LimitCounter, Protocol):
    """A counter that nobody else counts in, and which needs no waiting."""

    def take_now(self, ticket: str, takes: Sequence[Take]) -> Taken:
        """Takes all or nothing, at once."""
        ...

    def correct_now(self, ticket: str, takes: Sequence[Take], at: int, amounts: Sequence[int]) -> None:
        """Says at once what a request, whose takes were counted at a slice, really used."""
        ...
