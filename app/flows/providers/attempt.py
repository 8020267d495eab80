"""One model asked once, and what its breaker hears of that: whoever asks, by the same rules, and here alone.

A failure before the first word counts where it is the provider's; a request that is refused for what it asks, and a
client that leaves, say nothing of it. Of one request only the first failure counts.
"""

from types import TracebackType

from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.paywalls.provider import ProviderSetting
from app.domain.routing.breaker import BreakerName, Permit
from app.flows.providers.breakers import Breakers, counted_of, name_of

CIRCUIT_OPEN = "circuit_open"
"""Why a model was passed by that its breaker lets nobody through to."""


class Attempts:
    """The attempts of one request."""

    def __init__(self, breakers: Breakers) -> None:
        self.breakers = breakers
        self.has_counted = False

    def admit(self, name: BreakerName, *, is_own_key: bool = False) -> "Attempt | None":
        """Returns an attempt at a model, None where it is left alone at the moment."""
        permit = self.breakers.admit(name)
        return None if permit is None else Attempt(self, name, permit, is_own_key=is_own_key)


class Attempt:
    """One attempt, as a context: what leaves it before its answer `has_begun` is what became of it."""

    def __init__(self, of: Attempts, name: BreakerName, permit: Permit, *, is_own_key: bool = False) -> None:
        self._of, self._name, self._permit, self._is_own_key = of, name, permit, is_own_key
        self._began_at = clock.monotonic_seconds()
        self._is_heard = False

    @property
    def milliseconds(self) -> int:
        """How long ago it began."""
        return round((clock.monotonic_seconds() - self._began_at) * 1_000)

    def has_begun(self, milliseconds: int | None = None) -> None:
        """Notes that the answer has begun: with its first word, where somebody looked, so long after it was asked."""
        self._is_heard = True
        self._of.breakers.succeeded(self._name, self._permit, milliseconds)

    def __enter__(self) -> "Attempt":
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: TracebackType | None) -> None:
        if self._is_heard:
            return
        if isinstance(error, ProviderFailed):
            self._failed(error)
        else:
            self._of.breakers.gave_up(self._name, self._permit)

    def _failed(self, failure: ProviderFailed) -> None:
        counted = counted_of(failure, is_own_key=self._is_own_key)
        if counted is None:
            self._of.breakers.refused(self._name, self._permit)
            return
        self._of.breakers.failed(self._name, self._permit, counted, is_first=not self._of.has_counted)
        self._of.has_counted = True


def follow(breakers: Breakers, setting: ProviderSetting, model: str) -> Attempt:
    """Returns what notes how a chat fares that has nowhere else to go, whatever its breaker says of that."""
    name = name_of("", setting, model)
    return Attempt(Attempts(breakers), name, Permit(breakers.generation(name)))
