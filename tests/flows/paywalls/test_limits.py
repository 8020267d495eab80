"""Limits of everybody come with a version, those of single users and keys at once, and both are logged."""

import pytest

from app import db
from app.domain.errors import BadField, NotFound, Refused
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.configuration import UserFrom, read_current
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.flows.paywalls.change import change
from app.flows.paywalls.limits import Override, Use, limits, overrides
from tests.support.books import make_snapshot
from tests.support.managing import owner_of

pytestmark = pytest.mark.plain_sql

FIVE = Limits(requests_per_minute=5)


async def test_limits_of_everybody_are_a_version(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    owner, wanted = owner_of(paywall_id), PaywallLimits(user=FIVE)
    assert (await change(owner, limits(), Use(wanted), 1)).version == 2
    with pytest.raises(BadField):
        await change(owner, limits(), Use(PaywallLimits(key=Limits(concurrency=0))), 2)
    with db.transaction(writes=False) as session:
        paywall, current = read_current(session, paywall_id)
        assert (paywall.version, current.limits) == (2, wanted)
        (logged,) = read_changes(session, paywall_id, 9)
    assert (logged.section, logged.version) == (Section.LIMITS, 2)
    assert logged.what == {"changed": ["limits.user.requests_per_minute"], "models": []}


async def test_where_users_are_named_comes_with_the_limits_and_stays_where_nothing_is_said(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    owner = owner_of(paywall_id)
    assert (await change(owner, limits(), Use(PaywallLimits(user=FIVE), UserFrom.HEADER), 1)).version == 2
    assert (await change(owner, limits(), Use(PaywallLimits()), 2)).version == 3
    with db.transaction(writes=False) as session:
        current = read_current(session, paywall_id)[1]
    assert (current.user_from, current.limits) == (UserFrom.HEADER, PaywallLimits())


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


@pytest.mark.parametrize(("scope", "subject"), [(Scope.USER, ""), (Scope.USER, "a b"), (Scope.KEY, "key_of_another")])
async def test_limits_of_nobody_are_refused_and_those_of_whoever_is_gone_go_back(
    database: str, scope: Scope, subject: str
) -> None:
    owner = owner_of(make_snapshot().paywall_id)
    with pytest.raises((BadField, NotFound)):
        await change(owner, overrides(), Override(scope, subject, FIVE))
    await change(owner, overrides(), Override(scope, subject, None))
