"""The breakers of this process, and how quickly models began to answer lately: in memory, one of each for every name.

A name is provider, model and credential, so that one user's own key says nothing of anybody else. Requests that may go
elsewhere ask before each attempt, and say what came of it; chats that have nowhere else to go only say so, and of the
operator's own key alone, whose breakers are everybody's (`decisions.md` 39).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.domain import clock
from app.domain.credentials.matching import OwnKey
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.domain.routing.breaker import (
    CLOSED,
    OPERATORS,
    TOLD_MICROSECONDS_MAX,
    Breaker,
    BreakerName,
    Failure,
    Permit,
    State,
    admit,
    fail,
    give_up,
    succeed,
)
from app.domain.routing.latencies import Latencies
from app.domain.routing.outcomes import Outcome, outcome_of, reason_of, status_of
from app.formats.retry_after import seconds_of

NAMES_MAX = 5_000
"""How many names are remembered. Closed ones are forgotten first, then others' than the operator's: with keys of their
own and hosts that fail as they want, anybody may open as many as they like."""
AFTER_PROBE_MICROSECONDS = 5 * clock.SECOND
"""When to ask again while a probe is out: soon, for nobody knows how long it takes."""
TOO_MANY = 429
"""The status whose `Retry-After` is obeyed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A breaker that is not closed, or has failures in a row, with its name, at one moment."""

    name: BreakerName
    breaker: Breaker
    state: State


def name_of(paywall_id: str, setting: ProviderSetting, model: str, own: OwnKey | None = None) -> BreakerName:
    """Returns the name of a model as a provider calls it, asked by a user's own key where there is one."""
    if own is not None:
        return BreakerName(own.recorded_as, model, f"own/{own.id}")
    credential = OPERATORS if setting.is_operators else f"{paywall_id}/{setting.name}"
    return BreakerName(setting.name, model, credential)


def counted_of(failure: ProviderFailed, *, is_own_key: bool = False) -> Failure | None:
    """Returns what counts of a failure against its provider, None where nothing does: it was the request's own."""
    if outcome_of(failure, is_own_key=is_own_key) is not Outcome.NEXT:
        return None
    told = failure.retry_after if status_of(failure) == TOO_MANY else None
    now_seconds = clock.now() // clock.SECOND
    return Failure(reason_of(failure), seconds_of(told, now_seconds, TOLD_MICROSECONDS_MAX // clock.SECOND))


def _nobody(_name: BreakerName, _breaker: Breaker) -> None:
    return


class Breakers:
    """The breakers of one process; `changed` is told whenever one opens, is tried or closes."""

    def __init__(self, changed: Callable[[BreakerName, Breaker], None] = _nobody) -> None:
        self._changed = changed
        self._kept: dict[BreakerName, Breaker] = {}
        self._latencies: dict[BreakerName, Latencies] = {}
        self._turns = 0

    def turn(self) -> int:
        """Returns the number of this request among those that are put in order."""
        self._turns += 1
        return self._turns - 1

    def admit(self, name: BreakerName) -> Permit | None:
        """Lets a request through, or not."""
        after, permit = admit(self._kept.get(name, CLOSED), clock.now())
        self._keep(name, after)
        return permit

    def succeeded(self, name: BreakerName, permit: Permit, milliseconds: int | None) -> None:
        """Notes that a request which was let through began to be answered; its first word came so long after it was
        sent, where that is known.
        """
        if name in self._kept:
            self._keep(name, succeed(self._kept[name], permit))
        if milliseconds is None:
            return
        if name not in self._latencies and len(self._latencies) >= NAMES_MAX:
            self._latencies.pop(next(iter(self._latencies)))
        self._latencies.setdefault(name, Latencies()).note(clock.now(), milliseconds)

    def failed(self, name: BreakerName, permit: Permit, failure: Failure, *, is_first: bool) -> None:
        """Notes a failure that counts against the provider.

        Of one request only the first failure counts, so that no request fells more than one provider; what a provider
        says itself of when to come back is obeyed all the same, and a probe is there to say something.
        """
        if is_first or permit.is_probe or failure.stay_away_seconds:
            self._keep(name, fail(self._kept.get(name, CLOSED), permit, failure, clock.now()))

    def refused(self, name: BreakerName, permit: Permit) -> None:
        """Notes that a provider refused what it was asked: that is the request's fault, and a probe has its answer."""
        if permit.is_probe:
            self._keep(name, succeed(self._kept.get(name, CLOSED), permit))

    def gave_up(self, name: BreakerName, permit: Permit) -> None:
        """Notes that nothing will be heard of a request which was let through, because its client has left."""
        self._keep(name, give_up(self._kept.get(name, CLOSED), permit, clock.now()))

    def generation(self, name: BreakerName) -> int:
        """Returns at which generation a request begins that nobody keeps back."""
        return self._kept.get(name, CLOSED).generation

    def milliseconds(self, name: BreakerName) -> int | None:
        """Returns how soon a model began to answer lately; None where too little is known."""
        found = self._latencies.get(name)
        return None if found is None else found.median(clock.now())

    def is_free(self, name: BreakerName) -> bool:
        """Tells whether nothing has failed in a row of late."""
        return self._kept.get(name, CLOSED).open_until is None and not self._kept.get(name, CLOSED).failures

    def is_passed_by(self, name: BreakerName) -> bool:
        """Tells whether a request would be passed by now."""
        return self._kept.get(name, CLOSED).state(clock.now()) is State.OPEN

    def wait_seconds(self, names: Iterable[BreakerName]) -> int:
        """Returns after how many seconds the first of these may let a request through: at least one."""
        now = clock.now()
        kept = [self._kept.get(name, CLOSED) for name in names]
        soonest = min((_next_try(one, now) for one in kept), default=now)
        return max(-(-(soonest - now) // clock.SECOND), 1)

    def listed(self) -> list[Listed]:
        """Returns every breaker that is not closed or has failures in a row, those that are open first."""
        now = clock.now()
        found = [Listed(name, one, one.state(now)) for name, one in self._kept.items() if one.since or one.failures]
        return sorted(found, key=lambda one: (one.state is State.CLOSED, -one.breaker.since, one.name.model))

    def _keep(self, name: BreakerName, breaker: Breaker) -> None:
        before = self._kept.get(name, CLOSED)
        if breaker == before:
            return
        self._kept[name] = breaker
        if (breaker.open_until, breaker.probe_until) != (before.open_until, before.probe_until):
            self._changed(name, breaker)
        if len(self._kept) > NAMES_MAX:
            self._forget_one()

    def _forget_one(self) -> None:
        """Forgets a breaker as if it were closed, where it is written down too."""
        closed = (name for name, one in self._kept.items() if one.open_until is None)
        others = (name for name in self._kept if name.credential != OPERATORS)
        forgotten = next(closed, None) or next(others, None) or next(iter(self._kept))
        if self._kept.pop(forgotten).open_until is not None:
            self._changed(forgotten, CLOSED)


def _next_try(breaker: Breaker, now: int) -> int:
    if breaker.probe_until is not None:
        return min(breaker.probe_until, now + AFTER_PROBE_MICROSECONDS)
    return breaker.open_until or now
