"""Limits of everybody come with a version, those of single users and keys at once, and both are logged."""

import pytest

from app import db
from app.domain.errors import BadField, Refused
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.flows.paywalls.change import change
from app.flows.paywalls.limits import Override, limits, overrides
from tests.support.books import make_snapshot
from tests.support.managing import owner_of

FIVE = Limits(requests_per_minute=5)


async def test_limits_of_everybody_are_a_version(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    owner, wanted = owner_of(paywall_id), PaywallLimits(user=FIVE)
    assert (await change(owner, limits(), wanted, 1)).version == 2
    with pytest.raises(BadField):
        await change(owner, limits(), PaywallLimits(key=Limits(concurrency=0)), 2)
    with db.transaction(writes=False) as session:
        paywall, current = read_current(session, paywall_id)
        assert (paywall.version, current.limits) == (2, wanted)
        (logged,) = read_changes(session, paywall_id, 9)
    assert (logged.section, logged.version) == (Section.LIMITS, 2)
    assert logged.what == {"changed": ["limits.user.requests_per_minute"], "models": []}


async def test_limits_of_one_user_or_key_need_no_version_and_are_logged(database: str) -> None:
    snapshot = make_snapshot()
    owner = owner_of(snapshot.paywall_id)
    steps = (
        Override(Scope.USER, "ada", FIVE), Override(Scope.KEY, snapshot.key_id, FIVE), Override(Scope.USER, "ada", None)
    )  # fmt: skip
    for wanted in steps:
        assert (await change(owner, overrides(), wanted)).version == 1
    with pytest.raises(Refused):
        await change(owner, overrides(), Override(Scope.PAYWALL, "", FIVE))
    with db.transaction(writes=False) as session:
        found = read_overrides(session, snapshot.paywall_id)
        logged = read_changes(session, snapshot.paywall_id, 9)
    assert (dict(found.users), dict(found.keys)) == ({}, {snapshot.key_id: FIVE})
    assert [change.what["limits"] is None for change in logged] == [True, False, False]
    assert {(each.section, each.made_by, each.version) for each in logged} == {(Section.OVERRIDES, owner.account_id, 1)}
