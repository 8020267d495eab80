"""A developer chooses the amount of which they are told; it is logged, and is no version."""

import pytest

from app import db
from app.domain.alerts.rules import read_monthly
from app.domain.errors import NotAllowed
from app.domain.paywalls.changes import Section, read_changes
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import Alerting, alerts
from tests.support.books import make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person


async def test_an_amount_is_logged_and_makes_no_version(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    owner = owner_of(paywall_id)
    for nanos in (5_000_000_000, 5_000_000_000, None):
        assert (await change(owner, alerts(), Alerting(nanos))).version == 1
    with db.transaction(writes=False) as session:
        assert read_monthly(session, paywall_id) is None
        logged = read_changes(session, paywall_id, 9)
    assert [(one.section, one.what) for one in logged if one.section is Section.ALERTS] == [
        (Section.ALERTS, {"monthly": None}), (Section.ALERTS, {"monthly": "5"}),
    ]  # fmt: skip


async def test_an_operator_only_looks_on(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    owner_of(paywall_id)
    with pytest.raises(NotAllowed):
        await change(manager(paywall_id, person(OPERATOR)), alerts(), Alerting(1))
