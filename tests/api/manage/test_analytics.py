"""Sums as a file: as they are posted, without formulas, for whoever may read them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from app import db
from app.domain import clock
from app.domain.money import Environment, parse_nanos
from app.domain.paywalls.keys import add_key, new_key, revoke_key
from app.domain.paywalls.names import read_names
from tests.support.managing import own, person
from tests.support.own_pages import at_our_page
from tests.support.owning import PAYWALL, Owned, owned
from tests.support.rolled import LISTED, START, App, count_all, hands
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with owned(tmp_path_factory.mktemp("site")) as site:
        yield site


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def today() -> date:
    return datetime.now(UTC).date()


def address(site: Owned, more: str = "", first: date | None = None) -> str:
    begins = first or today() - timedelta(2)
    return f"{site.base}/analytics.csv?first={begins}&last={today() + timedelta(1)}{more}"


@pytest.mark.unhurried
def test_a_file_has_what_was_charged_by_day_model_and_user(site: Owned) -> None:
    for user, amount in (("ada", "1.25"), ("=HYPERLINK(1)", "0.5"), ("ada", "0.000000001")):
        assert site.demo.post("/user/balance/deposit", {"user": user, "amount": "5"}).status_code == 200
        assert site.demo.post("/user/charge", {"user": user, "amount": amount}).status_code == 200

    def is_counted() -> bool:
        found = rows(site.owner.get(address(site)).text)
        return sum(parse_nanos(row["gross"]) for row in found) == 1_750_000_001

    wait_until(is_counted)
    (model,) = rows(site.owner.get(address(site, "&by=model")).text)
    assert (model["model"], model["requests"], model["gross"], model["unit"]) == ("", "3", "1.750000001", "USD")
    assert "day (UTC)" not in model
    users = rows(site.owner.get(address(site, "&by=user")).text)
    assert {(row["paywall"], row["user"]) for row in users} == {(PAYWALL, "ada"), (PAYWALL, "'=HYPERLINK(1)")}
    assert sum(parse_nanos(row["net"]) for row in users) == 1_750_000_001 and "day (UTC)" in users[0]
    answer = site.owner.get(address(site, "&by=key&and=day"))
    assert answer.headers["content-type"].startswith("text/csv") and "attachment" in str(answer.headers)
    assert list(rows(answer.text)[0])[:3] == ["day (UTC)", "key", "requests"]
    pairs = rows(site.owner.get(address(site, "&by=user&and=source")).text)
    assert list(pairs[0])[:5] == ["day (UTC)", "paywall", "user", "source", "requests"]
    assert {(row["user"], row["source"]) for row in pairs} == {("ada", "platform"), ("'=HYPERLINK(1)", "platform")}
    assert sum(parse_nanos(row["gross"]) for row in pairs) == 1_750_000_001
    turned = site.owner.get(address(site, "&by=source&and=user"))
    assert list(rows(turned.text)[0])[:4] == ["day (UTC)", "source", "paywall", "user"]
    assert "-source-user.csv" in str(turned.headers)


@pytest.mark.unhurried
async def test_a_file_names_keys_and_paywalls_as_pages_do_behind_all_else(migrated_sqlite_url: str) -> None:
    """Behind, so that whoever reads the file by the places of its columns goes on; a revoked key keeps its name."""
    with hands() as at:
        app = App()
        app.fund()
        with db.transaction() as session:
            key = add_key(session, app.id, new_key(Environment.SANDBOX), "=Server")
            revoke_key(session, app.id, key.id)
            names = read_names(session, [app.id])
        app.chat(key_id=key.id)
        at.go_on(86_400)
        count_all()
    ada = person("ada@example.org")
    own(app.id, ada)
    first = clock.to_datetime(START).date()
    days = f"first={first}&last={first + timedelta(2)}"
    async with at_our_page(ada) as page:
        for by, named in (
            ("by=key", {"key": key.id, "key_name": "'=Server"}),
            (
                "by=key&and=user",
                {"paywall": app.id, "user": "ada", "key_name": "'=Server", "paywall_name": names[app.id]},
            ),
            ("by=model", {"model": LISTED}),
        ):
            (row,) = rows((await page.get(f"/manage/paywalls/{app.id}/analytics.csv?{days}&{by}")).text)
            assert {name: row[name] for name in named} == named
            last = [name for name in named if name.endswith("_name")]
            assert list(row)[len(row) - len(last) :] == last and list(row)[-1 - len(last)] == "reasoning_tokens"
        (row,) = rows((await page.get(f"/manage/analytics.csv?of=sandbox-USD&{days}&by=paywall")).text)
        assert (row["paywall"], row["paywall_name"]) == (app.id, names[app.id]) and list(row)[-1] == "paywall_name"


def test_only_who_looks_after_the_paywall_gets_it(site: Owned) -> None:
    assert site.stranger.get(address(site)).status_code == 404
    for bad in ("&by=world", "&by=model&and=world", "&first=x"):
        assert site.owner.get(address(site, bad)).status_code in (400, 422)
    assert site.owner.get(address(site, first=date(1999, 1, 1))).status_code == 400
    assert site.owner.get(address(site, first=today() + timedelta(9))).status_code == 400


@pytest.mark.unhurried
async def test_a_file_of_an_account_adds_up_its_own_paywalls_and_no_others(migrated_sqlite_url: str) -> None:
    with hands() as at:
        apps = [App(), App(), App()]
        for number, app in enumerate(apps):
            app.fund()
            app.charge("ada", 10**number)
            at.go_on(86_400)
        count_all()
    ada = person("ada@example.org")
    for app in apps[:2]:
        own(app.id, ada)
    first = clock.to_datetime(START).date()
    address = f"/manage/analytics.csv?of=sandbox-USD&first={first - timedelta(50)}&last={first + timedelta(60)}"
    async with at_our_page(ada) as page:
        days = rows((await page.get(address)).text)
        assert [(row["day (UTC)"], row["gross"], row["users"]) for row in days] == [
            (str(first + timedelta(1)), "0.00000001", "1"), (str(first), "0.000000001", "1"),
        ]  # fmt: skip
        pairs = ("paywall", "paywall&and=day", "user", "user&and=model", "model&and=user", "key&and=day", "key&and=key",
                 "model&and=source", "paywall&and=user")  # fmt: skip
        for by in pairs:
            found = rows((await page.get(f"{address}&by={by}")).text)
            assert sum(parse_nanos(row["gross"]) for row in found) == 11, by
            assert {row.get("paywall", apps[0].id) for row in found} <= {app.id for app in apps[:2]}
        for wrong in ("live-USD", "sandbox-USDC", "x"):
            answer = await page.get(address.replace("sandbox-USD", wrong))
            assert answer.status_code == 400 and answer.json()["error"]["param"] == "of"
    async with at_our_page(person("bob@example.org")) as page:
        assert (await page.get(address)).status_code == 400
    async with at_our_page(None) as page:
        assert (await page.get(address)).status_code == 401
