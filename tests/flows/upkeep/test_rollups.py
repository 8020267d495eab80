"""Rollups by the clock and by hand: what was cut goes on, and progress goes up."""

import pytest

from app import db
from app.domain.rollups import building
from app.domain.rollups.reading import read_top_users
from app.domain.rollups.rows import read_parts
from app.domain.rollups.tables import RollupDay
from app.flows.upkeep import rollups
from app.sql.columns import table_of
from tests.support.rolled import App, hands

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_all_that_is_due_is_counted_in_batches(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BATCH", 3)
    with hands():
        app = App()
        app.fund()
        for _ in range(7):
            app.chat()
        assert await rollups.has_due()
        assert await rollups.count() == 7
        assert not await rollups.has_due()
        app.assert_adds_up()


@pytest.mark.unhurried
async def test_a_paywall_whose_sums_are_full_keeps_no_other_from_being_counted(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few thousand charges of a million, or a provider that says what it likes, are more than a column holds."""
    monkeypatch.setattr(rollups, "BATCH", 3)
    with hands():
        full, app = App(), App()
        for one in (full, app):
            one.fund()
            one.chat()
        await rollups.count()
        days = table_of(RollupDay)
        with db.transaction() as session:
            session.execute(days.update().where(days.c.paywall_id == full.id).values(gross_nanos=2**63 - 1))
        for one in (full, full, full, app, app, app, app):
            one.chat()
        assert await rollups.count() == 4
        app.assert_adds_up()
        assert await rollups.has_due() and await rollups.count() == 0


async def test_a_run_that_is_cut_leaves_whole_batches_and_the_next_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups, "BATCH", 3)
    batches = 0

    def cut(*asked: object) -> object:
        nonlocal batches
        batches += 1
        if batches == 2:
            raise RuntimeError("The process dies here.")
        return read_parts(*asked)  # type: ignore[arg-type]

    with hands():
        app = App()
        app.fund()
        for _ in range(7):
            app.chat()
        monkeypatch.setattr("app.domain.rollups.counting.read_parts", cut)
        with pytest.raises(RuntimeError):
            await rollups.count()
        assert await rollups.count() == 4
        app.assert_adds_up()


@pytest.mark.unhurried
async def test_everything_is_built_anew_by_hand_with_progress(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BATCH", 2)
    told: list[float] = []
    with hands() as at:
        apps = [App(), App()]
        for app in apps:
            app.fund()
            for _ in range(5):
                at.go_on(60)
                app.chat()
        await rollups.count()
        with db.transaction() as session:
            session.execute(table_of(RollupDay).delete())
        assert await rollups.rebuild(lambda _what, share: told.append(share)) == 2
        for app in apps:
            app.assert_adds_up()
        assert told == sorted(told) and told and 0 < told[0] < told[-1] <= 1
        assert not await rollups.has_builds() and await rollups.build() == 0
        assert await rollups.forget() > 0
        assert await rollups.forget() == 0


@pytest.mark.unhurried
async def test_a_build_that_was_cut_goes_on_where_it_was(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BATCH", 2)
    with hands():
        app = App()
        app.fund()
        for _ in range(5):
            app.chat()
        await rollups.count()
        with db.transaction() as session:
            building.choose_zone(session, app.id, "Asia/Kolkata")
            building.build_next(session, app.id, 2)
        assert await rollups.has_builds()
        assert await rollups.build() == 1
        app.assert_adds_up()


@pytest.mark.unhurried
async def test_top_users_are_listed_where_something_was_counted(database: str) -> None:
    with hands():
        app, idle = App(), App()
        app.fund()
        app.charge("ada", 5)
        await rollups.count()
        assert await rollups.list_top() == 1
        assert await rollups.list_top() == 0
        with db.transaction(writes=False) as session:
            assert [top.user for top in read_top_users(session, app.id, 7)] == ["ada"]
            assert read_top_users(session, idle.id, 7) == []
