"""An operator sees which models cost something else than we say."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.usage.drift import read_drift
from app.flows.catalogue import drift as cost_drift
from app.flows.catalogue.drift import report_drift
from tests.support.costly_days import DAY, TODAY, done

pytestmark = pytest.mark.plain_sql


async def test_a_model_that_drifts_is_logged_and_all_are_kept(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: TODAY + 12 * 3_600 * clock.SECOND)
    done("right", 200_000)
    done("nearly", 199_000)
    done("wrong", 100_000)
    done("too low", 400_000)
    done("free", 200_000)
    done("yesterday", 1, at=TODAY - 1)
    with capture_logs() as logs:
        assert await report_drift() == 2
    too_low, told = [line for line in logs if line["event"] == "cost_drift"]
    assert (told["model"], told["day"], told["percent"]) == ("wrong", DAY, "100.00")
    assert (too_low["model"], too_low["percent"]) == ("too low", "-50.00")
    with db.transaction(writes=False) as session:
        assert [drift.model for drift in read_drift(session)] == ["free", "nearly", "right", "too low", "wrong"]


async def test_the_day_before_is_measured_again_while_the_day_is_young(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("a", 5, at=TODAY - 1)
    monkeypatch.setattr(clock, "now", lambda: TODAY + cost_drift.LATE - 1)
    assert await report_drift() == 1
    monkeypatch.setattr(clock, "now", lambda: TODAY + cost_drift.LATE)
    assert await report_drift() == 0
