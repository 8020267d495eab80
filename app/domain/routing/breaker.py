"""A breaker: for how long a model of a provider is left alone that failed, and when one request tries it again. Pure.

Closed, it lets every request through and counts failures in a row; the third opens it, and so does a provider that says
itself when to come back. Open, it lets nobody through. Once its time is over it lets one request out, the probe, whose
result closes it or opens it anew. What was let through before that probe has nothing to say of it any more.
"""

from dataclasses import replace
from enum import StrEnum

from app.domain.clock import SECOND
from app.domain.record import record

FAILURES_IN_A_ROW = 3
"""How many failures open a breaker."""
OPEN_MICROSECONDS = 30 * SECOND
"""For how long they do."""
TOLD_MICROSECONDS_MAX = 60 * SECOND
"""For how long at most a provider may tell us to stay away."""
OPERATORS = "operator"
"""What the operator's own key is called among credentials."""
PROBE_MICROSECONDS_MAX = 120 * SECOND
"""How long a probe may be out; one of which nothing was heard by then has failed."""


@record(frozen=True, slots=True)
class BreakerName:
    """Who is asked for which model, and by whose key: the operator's, a paywall's provider's, or a user's own."""

    provider: str
    model: str
    credential: str


class State(StrEnum):
    """What a breaker does with a request."""

    CLOSED = "closed"
    """It goes through."""
    OPEN = "open"
    """It is passed by."""
    HALF_OPEN = "half_open"
    """One goes through, to see."""


@record(frozen=True, slots=True)
class Breaker:
    """A breaker as it stands; times are in microseconds.

    `failures` came in a row while it was closed. It is open until `open_until`, for `reason`, and has not been closed
    `since`. Where a probe is out, its result is waited for until `probe_until`. `generation` counts probes: a result
    that belongs to another one is late.
    """

    failures: int = 0
    open_until: int | None = None
    generation: int = 0
    probe_until: int | None = None
    since: int = 0
    reason: str = ""

    def state(self, now: int) -> State:
        """Returns what it does with a request now."""
        if self.open_until is None:
            return State.CLOSED
        return State.OPEN if now < self.free_at else State.HALF_OPEN

    @property
    def free_at(self) -> int:
        """From when on a request may go through at the earliest, as far as that can be known; 0 for one that is closed.

        Where a probe is out, nobody can say how it ends: then it is when that one must have ended.
        """
        return self.probe_until or self.open_until or 0


CLOSED = Breaker()


@record(frozen=True, slots=True)
class Permit:
    """That a request was let through, when a breaker was at this generation."""

    generation: int
    is_probe: bool = False


@record(frozen=True, slots=True)
class Failure:
    """What counts against a provider: why, and for how long it wants to be left alone, 0 where it does not say."""

    reason: str
    stay_away_seconds: int = 0


def admit(breaker: Breaker, now: int) -> tuple[Breaker, Permit | None]:
    """Lets a request through, or not, and returns the breaker behind it."""
    if breaker.open_until is None:
        return breaker, Permit(breaker.generation)
    if breaker.probe_until is not None and now >= breaker.probe_until:
        breaker = _opened(breaker, now, now + OPEN_MICROSECONDS, "no_result")
    if breaker.state(now) is not State.HALF_OPEN:
        return breaker, None
    probing = replace(breaker, generation=breaker.generation + 1, probe_until=now + PROBE_MICROSECONDS_MAX)
    return probing, Permit(probing.generation, is_probe=True)


def succeed(breaker: Breaker, permit: Permit) -> Breaker:
    """Notes that a request which was let through was answered."""
    if permit.generation != breaker.generation:
        return breaker
    if permit.is_probe:
        return Breaker(generation=breaker.generation)
    return replace(breaker, failures=0) if breaker.open_until is None and breaker.failures else breaker


def fail(breaker: Breaker, permit: Permit, failure: Failure, now: int) -> Breaker:
    """Notes that a request which was let through failed, in a way that counts against the provider."""
    if permit.generation != breaker.generation:
        return breaker
    told_until = now + min(failure.stay_away_seconds * SECOND, TOLD_MICROSECONDS_MAX)
    if permit.is_probe:
        return _opened(breaker, now, max(now + OPEN_MICROSECONDS, told_until), failure.reason)
    if breaker.open_until is not None:
        # Others were on their way when it opened: the time that one of them was told counts too, if it ends later.
        return replace(breaker, open_until=max(breaker.open_until, told_until))
    failures = breaker.failures + 1
    until = max(now + OPEN_MICROSECONDS if failures >= FAILURES_IN_A_ROW else now, told_until)
    return _opened(breaker, now, until, failure.reason) if until > now else replace(breaker, failures=failures)


def give_up(breaker: Breaker, permit: Permit, now: int) -> Breaker:
    """Notes that nothing will be heard of a request which was let through: its client left, or we ended it.

    That says nothing of a provider; but a probe was to say something.
    """
    if permit.generation != breaker.generation or not permit.is_probe:
        return breaker
    return _opened(breaker, now, now + OPEN_MICROSECONDS, "no_result")


def _opened(breaker: Breaker, now: int, until: int, reason: str) -> Breaker:
    """Returns it open; what a probe that was out may still say is late from now on."""
    is_anew = breaker.open_until is not None
    generation = breaker.generation + (breaker.probe_until is not None)
    return Breaker(0, until, generation, None, breaker.since if is_anew else now, reason)
