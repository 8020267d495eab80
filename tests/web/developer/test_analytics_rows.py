"""The page of analytics says what was counted: the numbers of `research/dashboard_modes.md` (d) 3, and its words."""

from datetime import date, timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.analytics.groups import By
from app.domain.money import NANOS
from app.domain.rollups.books import Additions, lock_books
from app.domain.rollups.sums import Sums
from app.domain.rollups.zones import date_of, day_of
from app.web.developer.analytics.reading import GROUPS, read_analytics
from app.web.developer.analytics.rows import AnalyticsPage
from app.web.developer.analytics.wanted import DAYS_MAX, Wanted, range_of, wanted_of
from tests.support.books import make_paywall
from tests.support.rolled import PRICES, START, hands

pytestmark = pytest.mark.usefixtures("migrated_sqlite_url")

TODAY = date_of(day_of("UTC", START))
SOLD = Sums(4, 10 * NANOS, 0, 0, 6 * NANOS, 0, 0, 0, 1_000, 200, 300, 40)
GIVEN_BACK = Sums(refunds_nanos=NANOS * 5 // 2)


def make(*told: tuple[int, str, Sums]) -> str:
    """A paywall to whose sums these were added: so many days ago, of a model, each by the user ada."""
    with db.transaction() as session:
        paywall_id = make_paywall(session, PRICES)
        book = lock_books(session, [paywall_id])[paywall_id]
        found = Additions(paywall_id, book.build, book.zone)
        for days_ago, model, sums in told:
            found.add_sums(START - days_ago * clock.DAY, (model, "", "platform"), "ada", sums)
        found.write(session)
    return paywall_id


def read(paywall_id: str, **asked: str) -> AnalyticsPage:
    with db.transaction(writes=False) as session:
        return read_analytics(session, paywall_id, Wanted(**asked), "https://pay.example")


@pytest.mark.unhurried
def test_gross_refunds_net_and_margin_are_the_same_wherever_they_stand() -> None:
    with hands():
        paywall_id = make((1, "m/one", SOLD), (0, "m/one", GIVEN_BACK))
        for by in (By.MODEL, By.USER, By.KEY, By.SOURCE):
            page = read(paywall_id, by=by.value)
            (part,) = page.parts
            for row in (page.total, part.sums):
                said = (row.gross, row.refunds, row.revenue, row.cost, row.fee, row.margin)
                assert said == ("$10.00", "−$2.50", "$7.50", "$6.00", "$0.00", "$1.50")
        page = read(paywall_id)
        assert [(row.label, row.gross, row.refunds) for row in page.days[:2]] == [
            (f"{TODAY:%-d %b %Y}, running", "$0.00", "−$2.50"),
            (f"{TODAY - timedelta(1):%-d %b %Y}", "$10.00", "$0.00"),
        ]
        assert [row.users for row in page.days[:3]] == ["1", "1", "0"] and page.total.users == "1"
        assert [(row.name, row.amount, row.share) for row in page.shares] == [
            ("Provider cost", "$6.00", "80.0 %"), ("Margin", "$1.50", "20.0 %"),
        ]  # fmt: skip
        assert [row.amount for row in page.tokens] == ["1,000", "200", "300", "40"]


def test_cost_that_nobody_knows_is_neither_cost_nor_margin() -> None:
    with hands():
        unknown = Sums(1, 2 * NANOS, fee_nanos=NANOS // 10, unknown_net_nanos=2 * NANOS, unknown_fee_nanos=NANOS // 10)
        page = read(make((1, "m/one", SOLD), (1, "m/own", unknown)))
        assert [(row.name, row.amount) for row in page.shares] == [
            ("Provider cost", "$6.00"), ("Fee", "$0.10"), ("Cost and margin not known", "$1.90"), ("Margin", "$4.00"),
        ]  # fmt: skip
        assert {part.name: part.sums.margin for part in page.parts} == {"m/one": "$4.00", "m/own": "not known"}


@pytest.mark.unhurried
def test_days_before_are_compared_where_there_were_any() -> None:
    with hands():
        assert read(make((1, "m/one", SOLD)), days="7").compared == "after refunds"
        half = Sums(1, 5 * NANOS)
        assert read(make((1, "m", SOLD), (9, "m", half)), days="7").compared == "100.0 % more than in the 6 days before"
        assert read(make((1, "m", half), (9, "m", SOLD)), days="7").compared == "50.0 % less than in the 6 days before"
        assert read(make((1, "m", half), (9, "m", half)), days="7").compared == "as much as in the 6 days before"


@pytest.mark.unhurried
def test_links_of_a_page_keep_what_was_chosen() -> None:
    with hands():
        paywall_id = make(*((days, f"m/{model}", SOLD) for days in range(3) for model in range(20)))
        page = read(paywall_id, by="model", also="day", first="2026-01-01", last="2026-12-31")
        assert len(page.parts) == 50 and page.title == "By model and day" and page.newer == ""
        path = f"/paywalls/{paywall_id}/analytics/?first=2026-01-01&last=2026-12-31&by=model&and=day"
        assert page.older == f"{path}&behind=50" and page.address == f"https://pay.example{path}"
        rest = read(paywall_id, by="model", also="day", first="2026-01-01", last="2026-12-31", behind="50")
        assert (len(rest.parts), rest.older, rest.newer) == (10, "", path)
        ids = [part.id for part in (*page.parts, *rest.parts)]
        assert len(set(ids)) == 60
        assert page.parts_file.endswith(f"analytics.csv?by=model&and=day&first=2026-01-01&last={TODAY}")


@pytest.mark.unhurried
def test_two_things_that_are_told_apart_have_a_column_each() -> None:
    with hands():
        paywall_id = make((0, "m/one", SOLD), (1, "m/two", GIVEN_BACK), (1, "m/two", SOLD))
        by_user = read(paywall_id, by="model", also="user")
        assert (by_user.title, by_user.head, by_user.also_head) == ("By model and user", "Model", "User")
        assert [(part.name, part.also, part.sums.revenue) for part in by_user.parts] == [
            ("m/one", "ada", "$10.00"), ("m/two", "ada", "$7.50"),
        ]  # fmt: skip
        assert all(f"/paywalls/{paywall_id}/users/" in part.also_url and not part.url for part in by_user.parts)
        assert by_user.parts_file.endswith(f"by=model&and=user&first={TODAY - timedelta(29)}&last={TODAY}")
        sources = read(paywall_id, by="key", also="source").parts
        assert [(part.name, part.also) for part in sources] == [("Without a key", "The wallet is charged")]
        days = read(paywall_id, by="user", also="day").parts
        assert [part.also for part in days] == [f"{TODAY - timedelta(ago):%-d %b %Y}" for ago in (0, 1)]
        assert len({part.id for part in (*by_user.parts, *days)}) == 4


def test_a_page_says_that_a_request_counts_with_each_model_that_it_asked() -> None:
    with hands():
        assert read(make((0, "m/one", SOLD))).note == ""
        page = read(make((0, "m/one", SOLD), (0, "m/two", Sums(also_asked=3))))
        assert {part.name: part.sums.requests for part in page.parts} == {"m/one": "4", "m/two": "3"}
        assert (
            page.note == "A request that asked several models counts with each of them." and page.total.requests == "4"
        )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, (TODAY - timedelta(29), TODAY)),
        ({"days": "7"}, (TODAY - timedelta(6), TODAY)),
        ({"days": "8"}, (TODAY - timedelta(29), TODAY)),
        ({"first": "2026-01-05", "last": "2026-01-07"}, (date(2026, 1, 5), date(2026, 1, 7))),
        ({"first": "2026-01-07", "last": "2026-01-05"}, (TODAY - timedelta(29), TODAY)),
        ({"first": "2020-01-01", "last": "2030-01-01"}, (TODAY - timedelta(DAYS_MAX - 1), TODAY)),
        ({"first": "2030-01-01", "last": "2031-01-01"}, (TODAY, TODAY)),
        ({"first": "0001-01-01", "last": "9999-12-31"}, (TODAY - timedelta(29), TODAY)),
        ({"first": "x", "last": "<script>"}, (TODAY - timedelta(29), TODAY)),
    ],
)
def test_a_range_is_never_longer_than_a_year_nor_one_of_days_to_come(
    asked: dict[str, str], found: tuple[date, date]
) -> None:
    assert range_of(wanted_of(asked, GROUPS), TODAY) == found


def test_what_an_address_says_else_is_nobodys() -> None:
    asked = wanted_of({"by": "paywall", "and": "world", "behind": "-5", "else": "x"}, GROUPS)
    assert (asked.group, asked.and_group, asked.offset) == (By.MODEL, None, 0)
    assert wanted_of({"by": "user", "and": "user"}, GROUPS).and_group is None, "one thing twice is one"
    assert wanted_of({"by": "user", "and": "day"}, GROUPS).and_group is By.DAY
    assert wanted_of({"behind": "9" * 30}, GROUPS).offset == 100_000
