"""What goes wrong on the way to Stripe and back: told by the control route, met by the next calls that match."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """How a call goes wrong."""

    ANSWER = "answer"
    """It is answered with `status`: 429, 500, 503."""
    TIMEOUT = "timeout"
    """It is never answered."""
    RESET = "reset"
    """Its connection breaks."""
    SLOW = "slow"
    """It takes `seconds` before it begins, or until faults are forgotten, and goes well; a twin meanwhile gets 409."""


@dataclass
class Planned:
    """A fault for calls to come. With `does_work` what was asked for is done before it goes wrong."""

    kind: Fault
    account: str | None = None
    method: str | None = None
    path: str = ""
    """How the address begins, after /v1."""
    times: int = 1
    status: int = 500
    does_work: bool = False
    seconds: float = 60

    def meets(self, account_id: str, method: str, path: str) -> bool:
        return (
            self.times != 0
            and self.account in (None, account_id)
            and self.method in (None, method)
            and path.removeprefix("/v1").startswith(self.path)
        )


@dataclass
class Plan:
    """All faults that are still to come."""

    faults: list[Planned] = field(default_factory=list)
    forgotten: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the faults so far are forgotten; those that wait go on."""

    def forget(self) -> None:
        """Forgets the faults that are still to come, and ends the slowness of calls."""
        self.faults.clear()
        self.forgotten.set()
        self.forgotten = asyncio.Event()

    def take(self, account_id: str, method: str, path: str) -> Planned | None:
        """Returns the first fault that a call meets, one time less; below zero is any number of times."""
        for fault in self.faults:
            if fault.meets(account_id, method, path):
                fault.times -= 1
                return fault
        return None
