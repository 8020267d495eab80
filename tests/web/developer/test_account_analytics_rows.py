"""The analytics of an account add up what is one's own and of one kind, and say whose and in which days."""

import pytest

from app import db
from app.domain.analytics.groups import By
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.domain.rollups.books import Additions, lock_books
from app.domain.rollups.sums import Sums
from app.web.developer.account_analytics.rows import Asking, read_account_analytics
from app.web.developer.analytics.rows import AnalyticsPage
from app.web.developer.analytics.wanted import Wanted
from tests.support.books import make_paywall
from tests.support.managing import OPERATOR, own, person
from tests.support.rolled import PRICES, START, hands

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")

SOLD = Sums(4, 10 * NANOS, 5 * NANOS // 2, 0, 6 * NANOS, 0, 0, 0, 1_000, 200, 300, 40)


def make(owner: Person | None, sums: Sums, mode: Mode = Mode.DEFAULT) -> str:
    with db.transaction() as session:
        paywall_id = make_paywall(session, PRICES, mode=mode)
        book = lock_books(session, [paywall_id])[paywall_id]
        found = Additions(paywall_id, book.build, book.zone)
        found.add_sums(START, ("m/one", "", "platform"), "ada", sums)
        found.write(session)
    if owner is not None:
        own(paywall_id, owner)
    return paywall_id


def read(who: Person, **asked: str) -> AnalyticsPage:
    wanted = Wanted(**{"by": By.PAYWALL.value, **asked})
    with db.transaction(writes=False) as session:
        return read_account_analytics(session, Asking(who, frozenset({OPERATOR}), "https://pay.example"), wanted)


@pytest.mark.unhurried
def test_each_number_is_that_of_all_paywalls_of_a_kind() -> None:
    with hands():
        ada, bob = person("ada@example.org"), person("bob@example.org")
        mine = [make(ada, SOLD), make(ada, SOLD)]
        make(bob, SOLD)
        make(None, SOLD)
        shared = make(ada, SOLD, Mode.SHARED)
        page = read(ada)
        row = page.total
        assert (row.gross, row.refunds, row.revenue, row.cost, row.margin, row.requests, page.users) == (
            "$20.00", "−$5.00", "$15.00", "$12.00", "$3.00", "8", "2 users",
        )  # fmt: skip
        assert [tab.name for tab in page.tabs if tab.is_here] == ["Sandbox, USD"] and len(page.tabs) == 2
        assert {part.url for part in page.parts} == {f"/paywalls/{id_}/analytics/" for id_ in mine}
        assert {part.name for part in page.parts} == {"Lexica"} and sorted(page.watched) == sorted(mine)
        for by in By:
            if by is not By.DAY:
                parts = read(ada, by=by.value).parts
                assert sum(int(part.sums.requests) for part in parts) == 8, by
        users = read(ada, by="user", also="day").parts
        assert len({part.id for part in users}) == 2 and all("Lexica" in part.under for part in users)
        pairs = read(ada, by="paywall", also="user").parts
        assert sorted(part.url for part in pairs) == sorted(f"/paywalls/{id_}/analytics/" for id_ in mine)
        assert {part.also for part in pairs} == {"ada"} and len({part.also_url for part in pairs}) == 2
        for one, other in (("user", "model"), ("source", "paywall"), ("user", "paywall"), ("key", "user")):
            parts = read(ada, by=one, also=other).parts
            assert sum(int(part.sums.requests) for part in parts) == 8, (one, other)
        usdc = read(ada, of="sandbox-USDC")
        assert usdc.total.gross == "10.00 USDC" and usdc.watched == [shared]
        assert "of=sandbox-USDC" in usdc.days_file and "of=sandbox-USDC" in usdc.address
        assert read(ada, of="live-USD").of == "sandbox-USD", "of what nobody has the first is shown"


def test_whoever_has_no_paywall_sees_none_and_operators_what_nobody_owns() -> None:
    with hands():
        nobodys = make(None, SOLD)
        assert read(person("ada@example.org")) == AnalyticsPage()
        assert read(person(OPERATOR)).watched == [nobodys]
        assert read(person(OPERATOR, is_proven=False)).watched == []
