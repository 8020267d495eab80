"""Every number of every page is the one that a plain loop over the ledger finds: of paywalls in two zones, over a
change of the clocks, at an hour at which it is tomorrow in one of them.

Only with thousands of requests in many batches do days, parts and pages of parts overlap as they do in use.
"""

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import db, settings
from app.domain import clock
from app.domain.analytics.groups import By
from app.domain.money import NANOS, Unit, format_decimal
from app.domain.paywalls.members import Manager
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Tokens
from app.domain.rollups import building, counting
from app.domain.rollups.listing import find_top, keep_top
from app.domain.wallets.wallets import end_user_id, open_users
from app.web.developer.account_analytics.rows import Asking, read_account_analytics
from app.web.developer.analytics.reading import read_analytics
from app.web.developer.analytics.rows import ROWS_A_PAGE, AnalyticsPage
from app.web.developer.analytics.wanted import Wanted
from app.web.developer.dashboard.rows import read_dashboard
from app.web.developer.earnings.rows import read_earnings_page
from app.web.developer.frame.figures import SumRow
from app.web.developer.overview.rows import read_overview
from app.web.developer.user.rows import read_user_page
from tests.bench.seed import Size, seed
from tests.support.managing import manager, own, person
from tests.support.own_pages import at_our_page
from tests.support.rolled import OWN, PRICES, App, hands
from tests.support.straight import One, Total, group, read_straight, summed

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 20, 19, 30, tzinfo=UTC)
"""Twelve days after New York's clocks went forward, and the 21st in Kolkata."""
ZONES = ("America/New_York", "Asia/Kolkata")
SIZE = Size(requests=4_000, users=60, models=6, days=40)
POSTED = text("SELECT sum(amount) FROM ledger_transfer WHERE credit_account_id LIKE '%:earnings_pending:%'")
BY: dict[By, Callable[[One], object]] = {
    By.DAY: lambda one: one.day, By.MODEL: lambda one: one.model, By.KEY: lambda one: one.key,
    By.SOURCE: lambda one: one.source, By.USER: lambda one: f"{one.paywall} {one.user}",
    By.PAYWALL: lambda one: one.paywall,
}  # fmt: skip


FILES = (("day",), ("model",), ("key", "day"), ("user",), ("user", "model"), ("key", "user"), ("source", "user"),
         ("model", "key"), ("source", "model"))  # fmt: skip


@dataclass
class World:
    """Two paywalls of one developer, and what a plain loop found of each."""

    owner: Person
    paywalls: tuple[str, ...]
    straight: dict[str, list[One]]
    todays: dict[str, date]

    def unit(self, paywall_id: str) -> Unit:
        return Unit.USD if paywall_id == self.paywalls[0] else Unit.USDC

    def manager(self, paywall_id: str) -> Manager:
        return manager(paywall_id, self.owner)


def count_all() -> None:
    more = True
    while more:
        with db.transaction() as session:
            more = counting.count_requests(session, 1_000) > 0


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What all tests of this file read."""
    data = tmp_path_factory.mktemp("world")
    shutil.copyfile(sqlite_template, data / "coinslot.db")
    db.dispose()
    settings.configure(data=data)
    with hands(int(NOW.timestamp()) * clock.SECOND):
        paywalls = seed(SIZE).paywalls
        owner = person("ada@example.org")
        for paywall_id, zone in zip(paywalls, ZONES, strict=True):
            own(paywall_id, owner)
            with db.transaction() as session:
                building.choose_zone(session, paywall_id, zone)
        count_all()
        for paywall_id in paywalls:
            more = True
            while more:
                with db.transaction() as session:
                    more = building.build_next(session, paywall_id, 1_000)
            with db.transaction() as session:
                keep_top(session, paywall_id, find_top(session, paywall_id), clock.now())
                open_users(session, ((paywall_id, f"user-{number:06d}") for number in range(SIZE.users)))
        straight = {id_: read_straight(id_, zone) for id_, zone in zip(paywalls, ZONES, strict=True)}
        todays = dict(zip(paywalls, (date(2026, 3, 20), date(2026, 3, 21)), strict=True))
        yield World(owner, paywalls, straight, todays)
    db.dispose()
    settings.configure()


def words(row: SumRow) -> tuple[str, ...]:
    return (row.requests, row.gross, row.refunds, row.revenue, row.cost, row.fee, row.margin)


def read(read_page: Callable[[db.Session], Any]) -> Any:
    with db.transaction(writes=False) as session:
        return read_page(session)


def check_page(page: AnalyticsPage, ones: list[One], today: date, running: date, unit: Unit) -> None:
    """Compares figures, days, tokens, users and comparison of a page with the plain loop."""
    first, last = date.fromisoformat(page.first), date.fromisoformat(page.last)
    total = summed(ones, first, last)
    assert words(page.total) == total.words(unit) and last <= today
    assert page.users == f"{len(total.users):,} user{'' if len(total.users) == 1 else 's'}"
    assert [row.amount for row in page.tokens] == [f"{count:,}" for count in total.tokens]
    by_day = group(ones, first, last, lambda one: one.day)
    for number, row in enumerate(page.days):
        day = last - timedelta(number)
        assert row.label == f"{day:%-d %b %Y}" + (", running" if day >= running else "")
        assert words(row) == by_day.get(day, Total()).words(unit), day
    over = min(last, running - timedelta(1))
    days = (over - first).days + 1
    if days > 0:
        now, before = (summed(ones, first - timedelta(ago), over - timedelta(ago)).net for ago in (0, days))
        change = abs(now - before) * 100 / before if before > 0 else 0
        assert before <= 0 or change < 0.05 or f"{change:.1f} % {'more' if now > before else 'less'}" in page.compared


def parts_of(read_page: Callable[..., AnalyticsPage], **asked: str) -> dict[str, tuple[str, ...]]:
    """Turns all pages of the parts of a page, and returns each part's words by its id."""
    found: dict[str, tuple[str, ...]] = {}
    behind = 0
    while True:
        page = read_page(Wanted(**asked, behind=str(behind) if behind else ""))
        new = {part.id: words(part.sums) for part in page.parts}
        assert not new.keys() & found.keys(), "a part stands on one page"
        found |= new
        if not page.older:
            return found
        behind += 50


def check_parts(
    read_page: Callable[..., AnalyticsPage], ones: list[One], unit: Unit, groups: tuple[By, ...], **asked: str
) -> None:
    page = read_page(Wanted(**asked))
    first, last = date.fromisoformat(page.first), date.fromisoformat(page.last)
    pairs = [(by, and_by) for by, and_by in combinations((*groups, By.DAY), 2)]
    for by, and_by in [*((by, None) for by in groups), *pairs]:
        expected = group(ones, first, last, partial(told_apart, by=by, and_by=and_by))
        said = sorted(total.words(unit) for total in expected.values())
        chosen = {**asked, "by": by.value, "also": and_by.value if and_by else ""}
        if (by, and_by) == (By.USER, By.DAY):
            found = [words(part.sums) for part in read_page(Wanted(**chosen)).parts]
            assert set(found) <= set(said) and len(found) == ROWS_A_PAGE
        else:
            assert sorted(parts_of(read_page, **chosen).values()) == said, (by, and_by)


def told_apart(one: One, by: By, and_by: By | None) -> object:
    return BY[by](one), None if and_by is None else BY[and_by](one)


def test_analytics_of_each_paywall_say_what_the_ledger_says(world: World) -> None:
    for paywall_id in world.paywalls:
        ones, unit, today = world.straight[paywall_id], world.unit(paywall_id), world.todays[paywall_id]

        def read_page(wanted: Wanted, paywall_id: str = paywall_id) -> AnalyticsPage:
            page: AnalyticsPage = read(lambda session: read_analytics(session, paywall_id, wanted, ""))
            return page

        spans = ({"days": "7"}, {"days": "30"}, {"first": "2026-03-01", "last": "2026-03-20"},
                 {"first": "2026-03-08", "last": "2026-03-08"})  # fmt: skip
        for asked in spans:
            check_page(read_page(Wanted(**asked)), ones, today, today, unit)
        check_parts(read_page, ones, unit, (By.MODEL, By.USER, By.KEY, By.SOURCE), days="30")
    _check_account(world)


def _check_account(world: World) -> None:
    """Each of the two paywalls is the only one of its kind."""
    for paywall_id in world.paywalls:
        unit, today = world.unit(paywall_id), world.todays[paywall_id]
        of = f"sandbox-{unit.value}"

        def read_page(wanted: Wanted) -> AnalyticsPage:
            asking = Asking(world.owner, frozenset(), "")
            page: AnalyticsPage = read(lambda session: read_account_analytics(session, asking, wanted))
            return page

        for days in ("7", "30"):
            page = read_page(Wanted(days=days, of=of, by="paywall"))
            check_page(page, world.straight[paywall_id], today, today, unit)
        check_parts(read_page, world.straight[paywall_id], unit,
                    (By.PAYWALL, By.MODEL, By.USER, By.KEY, By.SOURCE), days="7", of=of)  # fmt: skip


def test_overview_dashboard_and_users_say_the_same_in_each_paywalls_own_days(world: World) -> None:
    for days in (7, 30):
        page = read(partial(read_dashboard, person=world.owner, days=days))
        rows = {row.id: row.sums for row in page.paywalls}
        totals = {row.sums.label: row.sums for row in page.totals}
        for paywall_id in world.paywalls:
            today, unit = world.todays[paywall_id], world.unit(paywall_id)
            expected = summed(world.straight[paywall_id], today - timedelta(days - 1), today).words(unit)
            assert words(rows[paywall_id]) == words(totals[unit.value]) == expected
    for paywall_id in world.paywalls:
        ones, today, unit = world.straight[paywall_id], world.todays[paywall_id], world.unit(paywall_id)
        page = read(partial(read_overview, manager=world.manager(paywall_id)))
        first = today - timedelta(29)
        assert words(page.now) == summed(ones, today, today).words(unit)
        assert words(page.month) == summed(ones, first, today).words(unit)
        assert page.month_users == f"{len(summed(ones, first, today).users)} users"
        for number, row in enumerate(page.weeks):
            begin = first + timedelta(7 * number)
            assert words(row) == summed(ones, begin, min(begin + timedelta(6), today)).words(unit)
        users = group(ones, first, today, lambda one: one.user)
        for user in sorted(users)[:5]:
            own_id = end_user_id(paywall_id, user)
            shown = read(partial(read_user_page, manager=world.manager(paywall_id), own_id=own_id, older=""))
            assert words(shown.month) == users[user].words(unit)
    _check_earnings(world)


def _check_earnings(world: World) -> None:
    (row,) = read(lambda session: read_earnings_page(session, world.owner)).paywalls
    total = summed(world.straight[world.paywalls[1]], date(2026, 1, 1), date(2026, 12, 31))
    with db.transaction(writes=False) as session:
        posted = session.scalar(POSTED) or 0
    assert row.pending == Total(gross=posted).words(Unit.USDC)[1] and 0 < posted < total.net


async def test_files_have_the_numbers_of_the_pages_to_the_last_nano(world: World) -> None:
    async with at_our_page(world.owner) as page:
        for paywall_id in world.paywalls:
            ones, today = world.straight[paywall_id], world.todays[paywall_id]
            first = today - timedelta(39)
            for address in (f"/manage/paywalls/{paywall_id}/analytics.csv?",
                            f"/manage/analytics.csv?of=sandbox-{world.unit(paywall_id).value}&"):  # fmt: skip
                for by in FILES:
                    answer = await page.get(f"{address}first={first}&last={today}&by={'&and='.join(by)}")
                    _check_file(list(csv.DictReader(io.StringIO(answer.text, newline=""))), ones, by, first, today)


def _check_file(rows: list[dict[str, str]], ones: list[One], by: Sequence[str], first: date, last: date) -> None:
    is_by_day = any(name.startswith("day (") for name in rows[0])
    things = [thing for thing in by if thing != "day"]
    assert is_by_day is ("day" in by or "user" in by)

    def key(one: One) -> tuple[str, ...]:
        return (str(one.day) if is_by_day else "", *(getattr(one, thing) for thing in things))

    expected = group(ones, first, last, key)
    assert len(rows) == len(expected)
    for row in rows:
        day = next((value for name, value in row.items() if name.startswith("day (")), "")
        total = expected[(day, *(row[thing] for thing in things))]
        margin = "" if total.margin is None else format_decimal(total.margin)
        assert (row["requests"], row["gross"], row["refunds"], row["net"], row["fee"], row["margin"]) == (
            str(total.requests), format_decimal(total.gross), format_decimal(total.refunds), format_decimal(total.net),
            format_decimal(total.fee), margin,
        )  # fmt: skip
        assert row["provider_cost"] == ("" if total.margin is None else format_decimal(total.cost))
        assert [int(row[f"{kind}_tokens"]) for kind in ("input", "cached", "output", "reasoning")] == total.tokens
        assert things or row["users"] == str(len(total.users))


@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_ten_dollars_are_the_same_on_every_page_and_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A charge of $10.00 that cost $6.00, of which $2.50 went back: `research/dashboard_modes.md` (d) 3."""
    monkeypatch.setitem(PRICES, OWN, NewPrice(OWN, 10 * NANOS, 0))
    with hands():
        app, ada = App(), person("ada@example.org")
        own(app.id, ada)
        app.fund()
        charged = app.chat(model=OWN, tokens=Tokens(1_000_000, 1), reported_nanos=6 * NANOS)
        app.give_back(charged, 5 * NANOS // 2)
        count_all()
        with db.transaction() as session:
            open_users(session, [(app.id, "ada")])
        who = manager(app.id, ada)
        own_id = end_user_id(app.id, "ada")
        rows = {
            "overview": read(partial(read_overview, manager=who)).month,
            "analytics": read(lambda session: read_analytics(session, app.id, Wanted(), "")).total,
            "user": read(partial(read_user_page, manager=who, own_id=own_id, older="")).month,
            "dashboard": read(partial(read_dashboard, person=ada, days=30)).totals[0].sums,
        }
        said = ("1", "$10.00", "−$2.50", "$7.50", "$6.00", "$0.00", "$1.50")
        assert {name: words(row) for name, row in rows.items()} == dict.fromkeys(rows, said)
        today = clock.to_datetime(clock.now()).date()
        async with at_our_page(ada) as page:
            answer = await page.get(f"/manage/paywalls/{app.id}/analytics.csv?first={today}&last={today}&by=user")
        (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert [row[name] for name in ("gross", "refunds", "net", "provider_cost", "margin")] == [
            "10", "2.5", "7.5", "6", "1.5",
        ]  # fmt: skip
