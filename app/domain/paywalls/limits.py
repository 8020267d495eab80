"""The developer's limits: how much each end user, each key and the whole paywall may use. None is no limit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from app.domain.errors import BadField
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX

COUNT_MAX = 1_000_000_000
"""The largest limit of requests and tokens; more is no limit."""


class Scope(StrEnum):
    """Whose use is counted together."""

    USER = "user"
    """One end user's, whichever key asks for them."""
    KEY = "key"
    """One key's, for all users."""
    PAYWALL = "paywall"
    """All of the paywall's."""


class Measure(StrEnum):
    """What of a request a limit of use counts."""

    REQUESTS = "requests"
    """Itself, for a minute."""
    TOKENS = "tokens"
    """Its tokens, for a minute."""
    RUNNING = "running"
    """Itself, as long as it runs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one scope; `use/limits.md` says what each promises. Spending is nanos of the wallet's unit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    tokens_per_request: int | None = None
    spend_per_day_nanos: int | None = None
    spend_per_month_nanos: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns what is stored."""
        return asdict(self)


NONE = Limits()


@dataclass(frozen=True, slots=True)
class PaywallLimits:
    """The limits that a developer publishes: for each end user, for each key, for all of the paywall together."""

    user: Limits = field(default=NONE)
    key: Limits = field(default=NONE)
    paywall: Limits = field(default=NONE)

    @staticmethod
    def from_json(stored: Mapping[str, Mapping[str, Any]]) -> "PaywallLimits":
        """Reads what was stored."""
        return PaywallLimits(**{scope: Limits(**limits) for scope, limits in stored.items()})


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """The limits as one key of a paywall meets them; what was set for a user or key stands in place of the default."""

    each_user: Limits
    users: Mapping[str, Limits]
    key: Limits
    paywall: Limits

    def of(self, user: str) -> tuple[tuple[Scope, Limits], ...]:
        """Returns the limits that a user's request must keep."""
        found = (
            (Scope.USER, self.users.get(user, self.each_user)),
            (Scope.KEY, self.key),
            (Scope.PAYWALL, self.paywall),
        )
        return tuple((scope, limits) for scope, limits in found if limits != NONE)


def limits_of_key(published: PaywallLimits, users: Mapping[str, Limits], key: Limits | None) -> KeyLimits | None:
    """Returns what holds for a key with what was set for it and for users; None where nothing is limited."""
    found = KeyLimits(published.user, users, published.key if key is None else key, published.paywall)
    return found if users or found != KeyLimits(NONE, users, NONE, NONE) else None


def check_limits(limits: Limits, name: str) -> None:
    """Raises BadField, which names the limit, for one that could never be kept or counted."""
    for each in fields(limits):
        value = getattr(limits, each.name)
        most = AMOUNT_NANOS_MAX if each.name.endswith("_nanos") else COUNT_MAX
        if value is not None and (type(value) is not int or not 1 <= value <= most):
            field_name = f"{name}.{each.name}"
            raise BadField(field_name, f"`{field_name}` must be between 1 and {most}, or nothing for no limit.")


def check_paywall_limits(limits: PaywallLimits) -> None:
    """Raises BadField as check_limits does."""
    for scope in Scope:
        check_limits(getattr(limits, scope.value), f"limits.{scope.value}")
