"""What we say that a day cost, beside what the provider says."""

from fractions import Fraction

from app import db
from app.domain import clock
from app.domain.usage.drift import Drift, measure_drift, read_drift, write_drift
from tests.support.costly_days import DAY, IN_CREDITS, OWN, PRICE, TODAY, done


def measured(day_start: int = TODAY) -> list[Drift]:
    with db.transaction(writes=False) as session:
        return measure_drift(session, day_start)


def test_each_model_is_summed_without_markup_in_dollars(database: str) -> None:
    for price in (PRICE, OWN, IN_CREDITS):
        done("a", 150_000, price)
    done("b", 0)
    done("a", 1, provider="own")
    done("c", None)  # a provider that says nothing cannot be compared
    assert measured() == [
        Drift(DAY, "built-in", "a", 3, 600_000, 450_000), Drift(DAY, "built-in", "b", 1, 200_000, 0),
        Drift(DAY, "own", "a", 1, 200_000, 1),
    ]  # fmt: skip
    assert [drift.share for drift in measured()][:2] == [Fraction(1, 3), 1]


def test_a_day_is_from_midnight_to_midnight(database: str) -> None:
    for at in (TODAY - 1, TODAY, TODAY + clock.DAY - 1, TODAY + clock.DAY):
        done("a", 5, at=at)
    assert [drift.requests for drift in measured()] == [2]
    assert [drift.requests for drift in measured(TODAY - clock.DAY)] == [1]


def test_what_came_late_counts_by_its_second_line(database: str) -> None:
    done("a", 200_000, late=1)
    assert [(drift.own_nanos, drift.share) for drift in measured()] == [(200_000, 0)]


def test_what_is_measured_again_replaces_what_was_kept(database: str) -> None:
    older = Drift("2026-01-01", "built-in", "a", 1, 2, 3)
    first, again = Drift(DAY, "built-in", "a", 1, 2, 3), Drift(DAY, "built-in", "a", 4, 5, 6)
    with db.transaction() as session:
        assert read_drift(session) == []
        for kept in ([older, first], [], [again]):
            write_drift(session, kept)
        assert (read_drift(session), read_drift(session, "2026-01-01")) == ([again], [older])
        assert read_drift(session, "2025-01-01") == []
