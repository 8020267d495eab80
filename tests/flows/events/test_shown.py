"""Links that users were shown are written down once a minute for each, behind the answers, and all at the end."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.funnel.tables import FunnelRound
from app.domain.money import NANOS
from app.flows.callers.asked import Action, Ask
from app.flows.chat.told import Teller
from app.flows.events import shown
from app.flows.events.shown import LinksShown
from app.keeper import Keeper
from app.sql.columns import table_of
from tests.support.books import make_snapshot
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql

ROUNDS = table_of(FunnelRound)


def written() -> list[tuple[str, str]]:
    with db.transaction(writes=False) as session:
        rows = session.execute(select(ROUNDS.c.paywall_id, ROUNDS.c.external_id).order_by(*ROUNDS.primary_key.columns))
        return [(row[0], row[1]) for row in rows]


@pytest.mark.usefixtures("database")
async def test_many_links_of_a_user_are_one_row_and_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "WAIT_SECONDS", 0.01)
    keeper = Keeper()
    links = LinksShown(keeper)
    for user in ("ada", "ada", "bob"):
        links.note("pw_1", user)
    assert written() == [], "nobody waits for it"
    await until(lambda: len(written()) == 2)
    assert {user for _, user in written()} == {"ada", "bob"}
    await keeper.drain(5)
    links.note("pw_1", "ada")
    links.write()
    assert not keeper.running, "within the minute there is nothing to write"


@pytest.mark.usefixtures("database")
async def test_the_teller_notes_links_about_money_whether_anybody_listens_or_not() -> None:
    snapshot, teller = make_snapshot(), Teller(Keeper())
    teller.asked(snapshot, "ada", Ask(Action.TOPUP, NANOS, 0), "https://x.example/", "req_1", "demo-mini")
    teller.link_sent(snapshot, "bob", Action.AUTHORIZE, "https://x.example/", "req_2")
    teller.asked(snapshot, "eve", Ask(Action.LIMIT, NANOS, 0), "https://x.example/", "req_3", "demo-mini")
    await teller.drain()
    assert {user for _, user in written()} == {"ada", "bob"}


@pytest.mark.usefixtures("database")
async def test_what_is_shown_to_more_than_can_be_remembered_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "REMEMBERED_MAX", 2)
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    keeper = Keeper()
    links = LinksShown(keeper)
    for user in "abc":
        links.note("pw_1", user)
    links.write()
    await keeper.drain(5)
    assert {user for _, user in written()} == {"a", "b"}
