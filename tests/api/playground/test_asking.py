"""What a visitor asks goes the way of every request: held for, metered, charged to their own wallet, with a receipt."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from app import db, wiring
from app.domain.money import NANOS, format_decimal
from app.domain.paywalls.modes import Mode
from app.domain.playground.playground import set_playground
from app.domain.usage.request_list import RequestFilter, list_receipts
from app.domain.usage.requests import read_receipt
from app.domain.wallets.wallets import block_user
from app.flows.callers.balance import read_app_balance
from app.flows.people.consent import approve
from tests.support.books import assert_books_balance
from tests.support.crowd import MAILBOX
from tests.support.managing import person
from tests.support.playing import QUESTION, Playground, playing

pytestmark = pytest.mark.plain_sql


def spendable(playground: Playground, user: str) -> int:
    with db.transaction(writes=False) as session:
        return read_app_balance(session, playground.snapshot, user).spendable_nanos


def requests_of(playground: Playground, user: str | None = None) -> list[Any]:
    with db.transaction(writes=False) as session:
        return list(list_receipts(session, playground.snapshot.paywall_id, RequestFilter(user=user), None, 50))


@pytest.mark.unhurried
async def test_a_visitor_without_money_gets_the_link_and_with_money_the_answer_at_exactly_its_receipt(
    database: str,
) -> None:
    async with playing() as playground, playground.player() as player:
        visit = await player.visit()
        linked = await player.ask()
        assert (linked.answer.status_code, linked.paywall["action"], linked.is_done) == (200, "topup", True)
        assert linked.paywall["url"] in linked.text and requests_of(playground) == []
        user = await playground.pay(visit)
        heard = await player.ask()
        assert heard.is_done and heard.text and heard.paywall["action"] == "none"
        with db.transaction(writes=False) as session:
            found = read_receipt(session, playground.snapshot.paywall_id, heard.answer.headers["x-request-id"], user)
        assert (found.status, found.key_id, found.user, found.streamed) == ("settled", "playground", user, True)
        assert found.charge == format_decimal(NANOS - spendable(playground, user)) and Fraction(found.charge) > 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_two_visitors_have_two_wallets_and_nobody_uses_anothers(database: str) -> None:
    async with playing() as playground, playground.player() as ada, playground.player() as eve:
        user = await playground.pay(await ada.visit())
        await eve.visit()
        assert (await eve.ask()).paywall["action"] == "topup"
        # Nor by their id, which stands in every link and in the developer's list.
        eve.page.cookies.clear()
        for forged in (user, f"{user}x" * 2, "x" * 32):
            eve.page.cookies.set("play", forged)
            heard = await eve.ask()
            assert (heard.answer.status_code == 401) or heard.paywall["action"] == "topup"
            eve.page.cookies.clear()
        assert spendable(playground, user) == NANOS


@pytest.mark.unhurried
async def test_in_shared_mode_a_visitor_authorizes_first_and_then_pays_from_their_own_wallet(database: str) -> None:
    async with playing(Mode.SHARED) as playground, playground.player() as player, playground.player() as other:
        visit = await player.visit()
        heard = await player.ask()
        assert heard.paywall["action"] == "authorize" and heard.paywall["url"] in heard.text
        assert not visit["wallet"]["is_authorized"] and "/authorize/" in visit["wallet"]["add"]
        wired, token = wiring.get(), heard.paywall["url"].rstrip("/").rpartition("/")[2]
        ada = person("ada@example.org")  # with trial money, which an authorization brings
        done = await approve(MAILBOX, wired.trial_rules, wired.links.open_connect(token), ada, NANOS)
        assert f"/playground/{playground.slug}/" in (done.return_url or "")
        user, before = playground.user_of(visit), spendable(playground, playground.user_of(visit))
        answered = await player.ask()
        assert answered.is_done and answered.text and answered.paywall["action"] == "none"
        charge = Fraction(requests_of(playground, user)[0].charge)
        assert Fraction(before - spendable(playground, user), NANOS) == charge > 0
        wallet = (await player.page.get(f"/play/{playground.slug}/wallet")).json()
        assert wallet["is_authorized"] and wallet["available"].endswith("USDC") and "/topup/" in wallet["add"]
        await other.visit()
        assert (await other.ask()).paywall["action"] == "authorize"
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_closed_playground_is_closed_for_the_next_request(database: str) -> None:
    async with playing() as playground, playground.player() as player:
        user = await playground.pay(await player.visit())
        assert (await player.ask()).is_done
        with db.transaction() as session:
            set_playground(session, playground.snapshot.paywall_id, is_open=False, requests_per_hour=200)
        before = spendable(playground, user)
        refused = (await player.ask()).answer  # this process knows nothing of it yet: the ledger does
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")
        assert playground.snapshot.configuration.app_name not in refused.text
        assert spendable(playground, user) == before


@pytest.mark.unhurried
async def test_its_address_is_no_key(database: str) -> None:
    async with playing() as playground, playground.player() as player:
        await player.visit()
        await player.ask()
        for key in (playground.slug, "playground"):
            answer = await player.page.get("/v1/models", headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 401


@pytest.mark.usefixtures("migrated_sqlite_url")
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}],
)
async def test_another_sites_page_asks_nothing(headers: dict[str, str]) -> None:
    async with playing() as playground, playground.player() as player:
        user = await playground.pay(await player.visit())
        answer = (await player.ask(**headers)).answer
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
        assert spendable(playground, user) == NANOS
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_whoever_has_no_cookie_is_told_so() -> None:
    async with playing() as playground, playground.player() as player:
        answer = (await player.ask()).answer
        assert answer.status_code == 401 and "cookie" in answer.json()["error"]["message"]
        unknown = await player.page.post(f"/play/{'x' * 22}/chat", json=QUESTION)
        assert unknown.status_code == 404 and unknown.json()["error"]["message"] == (
            "There is no playground at this address."
        )


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_bounds_are_answered_in_words_and_free_of_charge() -> None:
    async with playing(requests_per_hour=1) as playground, playground.player() as player:
        user = await playground.pay(await player.visit())
        assert (await player.ask()).is_done
        left = spendable(playground, user)
        answer = (await player.ask()).answer
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "requests_per_hour")
        assert "gives 1 answers an hour" in answer.json()["error"]["message"] and "retry-after" in answer.headers
        assert spendable(playground, user) == left and len(requests_of(playground, user)) == 1


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_a_blocked_visitor_is_refused() -> None:
    async with playing() as playground, playground.player() as player:
        user = await playground.pay(await player.visit())
        with db.transaction() as session:
            block_user(session, playground.snapshot.wallet(user))
        answer = (await player.ask()).answer
        assert answer.status_code == 403 and spendable(playground, user) == NANOS


SAID: Mapping[str, Any] = QUESTION["messages"][0]  # type: ignore[assignment]
BAD = {
    "nothing": {},
    "a list": [],
    "no model": {"messages": [SAID]},
    "a model that is none": {"model": 7, "messages": [SAID]},
    "no messages": {"model": "demo-mini", "messages": []},
    "a system's words": {"model": "demo-mini", "messages": [{"role": "system", "content": "x"}]},
    "an image": {"model": "demo-mini", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
    "empty words": {"model": "demo-mini", "messages": [{"role": "user", "content": ""}]},
    "a name": {"model": "demo-mini", "messages": [{**SAID, "name": "x"}]},
    "several answers": {**QUESTION, "n": 9},
    "another user": {**QUESTION, "user": "somebody"},
    "too many": {"model": "demo-mini", "messages": [SAID] * 201},
    "too long": {"model": "demo-mini", "messages": [{"role": "user", "content": "x" * 300_000}]},
    "an unknown model": {**QUESTION, "model": "nobody-knows-it"},
}


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_what_cannot_be_asked_is_refused_in_words_and_charges_nothing() -> None:
    async with playing() as playground, playground.player() as player:
        user = await playground.pay(await player.visit())
        for body in BAD.values():
            answer = await player.page.post(f"/play/{playground.slug}/chat", json=body)
            assert answer.status_code in (400, 404, 413) and answer.json()["error"]["message"], body
        broken = await player.page.post(f"/play/{playground.slug}/chat", content=b"{")
        assert broken.status_code == 400
        assert spendable(playground, user) == NANOS and requests_of(playground) == []
