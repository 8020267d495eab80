"""Limits of single users and keys count for the next charged request of every process."""

import pytest

from app import db
from app.domain.errors import BadField, NotFound, Refused
from app.domain.money import Environment
from app.domain.paywalls import keys, limit_overrides
from app.domain.paywalls.limit_overrides import Overrides, read_overrides, set_override
from app.domain.paywalls.limits import NONE, Limits, Scope
from app.flows.callers.snapshot import find_outdated, read_snapshot
from tests.support.books import make_paywall, make_snapshot

SOME, OTHER = Limits(requests_per_minute=10), Limits(spend_per_day_nanos=10**12)


@pytest.mark.unhurried
def test_what_is_set_is_read_changed_and_taken_away(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other_id = make_paywall(session, {}), make_paywall(session, {})
        set_override(session, paywall_id, Scope.USER, "ada", SOME)
        set_override(session, paywall_id, Scope.USER, "key_1", SOME)
        set_override(session, paywall_id, Scope.KEY, "key_1", OTHER)
        assert read_overrides(session, paywall_id) == Overrides({"ada": SOME, "key_1": SOME}, {"key_1": OTHER})
        assert read_overrides(session, other_id) == Overrides()
        set_override(session, paywall_id, Scope.USER, "ada", NONE)
        set_override(session, paywall_id, Scope.USER, "key_1", None)
        set_override(session, paywall_id, Scope.USER, "nobody", None)
        assert read_overrides(session, paywall_id) == Overrides({"ada": NONE}, {"key_1": OTHER})


@pytest.mark.unhurried
def test_whatever_was_decided_before_is_old(database: str) -> None:
    snapshot = make_snapshot()
    key = keys.new_key(Environment.SANDBOX)
    with db.transaction() as session:
        keys.add_key(session, snapshot.paywall_id, key)
    for limits in (SOME, OTHER, None):
        with db.transaction() as session:
            before = read_snapshot(session, key)
            set_override(session, snapshot.paywall_id, Scope.USER, "ada", limits)
            assert find_outdated(session, [before]) == [before]
            after = read_snapshot(session, key)
            assert (after.limits and after.limits.users.get("ada")) == limits


def test_what_cannot_be_is_refused(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limit_overrides, "OVERRIDES_MAX", 1)
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        set_override(session, other, Scope.USER, "ada", SOME)  # which counts there, and not here
        with pytest.raises(BadField, match="concurrency"):
            set_override(session, paywall_id, Scope.USER, "ada", Limits(concurrency=0))
        with pytest.raises(Refused, match="configuration"):
            set_override(session, paywall_id, Scope.PAYWALL, paywall_id, SOME)
        with pytest.raises(NotFound):
            set_override(session, "pw_none", Scope.USER, "ada", SOME)
        set_override(session, paywall_id, Scope.USER, "ada", SOME)
        set_override(session, paywall_id, Scope.USER, "ada", OTHER)
        with pytest.raises(Refused, match="the most"):
            set_override(session, paywall_id, Scope.USER, "bob", SOME)
