"""Limits as a developer sets them, and which of them a key's request meets."""

from dataclasses import replace

import pytest

from app.domain.errors import BadField
from app.domain.paywalls.limits import (
    COUNT_MAX,
    NONE,
    KeyLimits,
    Limits,
    PaywallLimits,
    Scope,
    check_paywall_limits,
    limits_of_key,
)

SOME = Limits(requests_per_minute=10, spend_per_day_nanos=5)


def test_nothing_is_limited_until_somebody_sets_a_limit() -> None:
    assert limits_of_key(PaywallLimits(), {}, None) is None
    assert limits_of_key(PaywallLimits(), {}, NONE) is None
    assert limits_of_key(PaywallLimits(key=SOME), {}, NONE) is None, "this key has none of the default's limits"


def test_each_scope_has_its_own_and_those_without_any_are_left_out() -> None:
    found = limits_of_key(PaywallLimits(user=SOME, paywall=Limits(concurrency=2)), {}, None)
    assert found is not None
    assert found.of("ada") == ((Scope.USER, SOME), (Scope.PAYWALL, Limits(concurrency=2)))


def test_what_is_set_for_a_user_or_key_stands_in_place_of_the_default() -> None:
    other = Limits(tokens_per_minute=7)
    found = limits_of_key(PaywallLimits(user=SOME, key=SOME), {"ada": other, "free": NONE}, other)
    assert found == KeyLimits(SOME, {"ada": other, "free": NONE}, other, NONE)
    assert found.of("ada") == ((Scope.USER, other), (Scope.KEY, other))
    assert found.of("free") == ((Scope.KEY, other),)
    assert found.of("bob")[0] == (Scope.USER, SOME)
    only_users = limits_of_key(PaywallLimits(), {"ada": other}, None)
    assert only_users is not None and only_users.of("bob") == ()


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "7", COUNT_MAX + 1])
@pytest.mark.parametrize("scope", list(Scope))
def test_a_limit_that_cannot_be_kept_is_named(value: object, scope: Scope) -> None:
    wrong = replace(NONE, concurrency=value)  # type: ignore[arg-type]
    with pytest.raises(BadField) as refused:
        check_paywall_limits(PaywallLimits(**{scope.value: wrong}))
    assert refused.value.field == f"limits.{scope.value}.concurrency"


def test_limits_that_can_be_kept_are_stored_and_read_back() -> None:
    limits = PaywallLimits(Limits(1, 2, 3, 4, 5, 10**18), SOME, NONE)
    check_paywall_limits(limits)
    stored = {scope.value: getattr(limits, scope.value).to_json() for scope in Scope}
    assert PaywallLimits.from_json(stored) == limits
    assert PaywallLimits.from_json({}) == PaywallLimits()
