"""What is typed of limits is what is saved, kept apart from what another publishes meanwhile."""

import pytest

from app.domain.money import NANOS
from app.domain.paywalls.limits import NONE, Limits, PaywallLimits
from app.web.developer.limits.fields import all_typed, differences, limits_of, merged, said_of, typed_of

SET = Limits(60, 100_000, 5, 32_000, 2_500_000_000, 50 * NANOS)


@pytest.mark.parametrize("limits", [NONE, SET, Limits(spend_per_day_nanos=1), Limits(concurrency=1)])
def test_what_stands_in_the_fields_is_what_is_read_back(limits: Limits) -> None:
    assert limits_of({f"own.{name}": value for name, value in typed_of(limits).items()}, "own.") == (limits, {})


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "x", "²", "1e3", "10000000000", "١"])
def test_a_limit_that_can_not_be_is_said_beside_its_field(text: str) -> None:
    found, problems = limits_of({"user.concurrency": text, "user.tokens_per_minute": "1,000"}, "user.")
    assert found == Limits(tokens_per_minute=1_000) and set(problems) == {"user.concurrency"}


@pytest.mark.parametrize("text", ["", "0", "-1", "0.0000000001", "1e3", "1000001", "$5"])
def test_spending_that_can_not_be_is_said_beside_its_field(text: str) -> None:
    assert limits_of({"key.spend_per_day_nanos": text}, "key.")[1].keys() == {"key.spend_per_day_nanos"}


def test_two_who_change_different_limits_keep_both_their_changes() -> None:
    read = all_typed(PaywallLimits(user=Limits(concurrency=5, requests_per_minute=60)))
    mine = {**read, "user.concurrency": "7"}
    theirs = {**read, "paywall.tokens_per_minute": "9"}
    del theirs["user.requests_per_minute"]
    assert merged(read, mine, theirs) == {"user.concurrency": "7", "paywall.tokens_per_minute": "9"}
    off = {name: value for name, value in read.items() if name != "user.concurrency"}
    assert merged(read, off, theirs) == {"paywall.tokens_per_minute": "9"}
    assert merged(read, read, theirs) == theirs


def test_what_differs_is_said_with_its_unit() -> None:
    before, after = all_typed(PaywallLimits(user=SET)), all_typed(PaywallLimits(user=Limits(concurrency=9), key=SET))
    found = dict.fromkeys(title for title, _, _ in differences(before, after, "USDC"))
    assert "Each user: at the same time" in found and "Each key: spending a day" in found and len(found) == 12
    assert ("Each user: spending a day", "2.5 USDC", "no limit") in list(differences(before, after, "USDC"))
    assert said_of(NONE, "USD") == "no limit at all" and "spending a day: 2.5 USD" in said_of(SET, "USD")
