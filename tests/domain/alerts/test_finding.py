"""What is to be told follows from what is counted, and from what others say of keys and endpoints."""

import pytest

from app import db
from app.domain.alerts.finding import find_all
from app.domain.alerts.rules import set_monthly
from app.domain.alerts.tables import AlertKind
from app.domain.money import NANOS
from app.domain.rollups.building import choose_zone
from tests.support.rolled import App, build_all, count_all, hands


def thresholds() -> list[tuple[int, str]]:
    with db.transaction(writes=False) as session:
        return [(one.threshold, one.period) for one in find_all(session) if one.kind is AlertKind.SPEND]


def test_charges_are_told_against_the_amount_exactly(database: str) -> None:
    with hands():
        app = App()
        app.fund()
        with db.transaction() as session:
            set_monthly(session, app.id, 10 * NANOS)
        app.charge("ada", 5 * NANOS - 1)
        count_all()
        assert thresholds() == []
        app.charge("ada", 1)
        count_all()
        assert thresholds() == [(50, "2026-02")]
        app.charge("ada", 5 * NANOS)
        count_all()
        assert thresholds() == [(50, "2026-02"), (80, "2026-02"), (100, "2026-02")]


@pytest.mark.unhurried
def test_a_month_is_one_of_the_paywalls_zone(database: str) -> None:
    # 2026-03-01, 04:59 UTC: March in UTC, the last day of February in New York.
    with hands(1_772_341_140_000_000) as at:
        app = App()
        app.fund()
        with db.transaction() as session:
            set_monthly(session, app.id, NANOS)
            choose_zone(session, app.id, "America/New_York")
        build_all()
        app.charge("ada", NANOS)
        count_all()
        assert {period for _, period in thresholds()} == {"2026-02"}
        at.go_on(120)
        assert thresholds() == []
