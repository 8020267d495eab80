"""What the page of a playground reads: its app, its visitor's wallet, and what their own answers cost."""

from fractions import Fraction
from http.cookies import SimpleCookie

import pytest

from app import db, settings, wiring
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.usage.requests import read_receipt
from tests.support.managing import person
from tests.support.playing import playing

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_a_new_browser_is_given_a_cookie_once_that_no_script_reads(database: str) -> None:
    async with playing() as playground, playground.player() as player:
        settings.configure(data=settings.get().data, database_url=database, public_url="https://pay.example")
        answer = await player.page.post(f"/play/{playground.slug}/visit")
        (kept,) = SimpleCookie(answer.headers["set-cookie"]).values()
        assert kept["httponly"] and kept["samesite"].lower() == "lax" and kept["path"] == "/" and kept["secure"]
        assert answer.headers["cache-control"] == "no-store"
        again = await player.page.post(f"/play/{playground.slug}/visit")
        assert "set-cookie" not in again.headers
        assert playground.user_of(answer.json()) == playground.user_of(again.json())
        assert kept.value not in answer.text


@pytest.mark.unhurried
async def test_the_page_is_told_the_app_its_models_and_what_the_visitor_can_spend(database: str) -> None:
    async with playing() as playground, playground.player() as player:
        visit = await player.visit()
        assert (visit["name"], visit["is_sandbox"], visit["icon"]) == ("Lexica", True, "")
        assert visit["models"] == [
            {"id": "demo-mini", "name": "demo-mini", "price": "1.1 in · 2.2 out · USD per million tokens"}
        ]
        assert visit["wallet"]["available"] == "$0.00" and "/topup/" in visit["wallet"]["add"]
        await playground.pay(visit, NANOS)
        wallet = (await player.page.get(f"/play/{playground.slug}/wallet")).json()
        assert wallet["available"] == "$1.00" and wallet["is_authorized"] and "/menu/" in wallet["menu"]


@pytest.mark.unhurried
async def test_links_lead_back_to_the_playground(database: str) -> None:
    async with playing() as playground, playground.player() as player:
        visit = await player.visit()
        token = visit["wallet"]["add"].rstrip("/").rpartition("/")[2]
        back = wiring.get().links.open_topup(token).way_back()
        assert back == f"{wiring.get().links.base_url}/playground/{playground.slug}/"


@pytest.mark.unhurried
async def test_a_receipt_is_its_visitors_own(database: str) -> None:
    async with playing() as playground, playground.player() as player, playground.player() as other:
        user = await playground.pay(await player.visit())
        await other.visit()
        request_id = (await player.ask()).answer.headers["x-request-id"]
        said = (await player.receipt(request_id)).json()
        with db.transaction(writes=False) as session:
            charge = Fraction(read_receipt(session, playground.snapshot.paywall_id, request_id, user).charge)
        assert said["is_final"] and Fraction(said["cost"].removeprefix("$")) == charge
        assert said["tokens"].endswith("out") and said["wallet"]["available"] == "$0.99"
        for request in (request_id, "req_nobody", "%01"):
            assert (await other.receipt(request)).status_code == 404
        other.page.cookies.clear()
        assert (await other.receipt(request_id)).status_code == 401


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
@pytest.mark.parametrize("slug", ["x" * 22, "x", "..%2f", "%00", "pw_demo_default"])
async def test_where_no_playground_is_open_nothing_is_said_and_no_cookie_kept(slug: str) -> None:
    async with playing() as playground, playground.player() as player:
        for method, path in (("POST", "visit"), ("GET", "wallet"), ("GET", "receipts/req_1")):
            answer = await player.page.request(method, f"/play/{slug}/{path}")
            assert answer.status_code in (400, 404) and "set-cookie" not in answer.headers
            assert playground.snapshot.configuration.app_name not in answer.text


@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_only_our_own_page_opens_one() -> None:
    async with playing() as playground, playground.player() as player:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            answer = await player.page.post(f"/play/{playground.slug}/visit", headers=headers)
            assert answer.status_code == 403 and "set-cookie" not in answer.headers


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_a_visitor_of_a_shared_paywall_is_asked_to_authorize_and_an_account_is_no_visitor() -> None:
    async with playing(Mode.SHARED) as playground, playground.player() as player:
        visit = await player.visit()
        assert not visit["wallet"]["is_authorized"] and visit["wallet"]["available"] == "0.00 USDC"
        assert person("ada@example.org").account_id not in str(visit)
