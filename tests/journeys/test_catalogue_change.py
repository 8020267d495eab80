"""The catalogue changes under running requests of a real server: each is charged by the version that it began with."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.adapters.prices.genai import GenaiPrices
from app.adapters.prices.openrouter import OpenRouterCatalogue
from app.domain import clock
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.receipts import Receipt
from app.domain.pricing.tables import ModelPrice
from app.domain.usage.requests import read_receipt
from app.domain.wallets.shared import open_shared_wallet
from app.sql.columns import table_of
from tests.emulators import openrouter
from tests.emulators.openrouter import RunningOpenRouter, model
from tests.support import books, crowd
from tests.support.handed import approve, mint_connect, set_own_price, sync_catalogue
from tests.support.server import Demo, arithmetic, command, running

CLIENTS = 4
CHANGES = 5


@dataclass(frozen=True)
class Shop:
    """A live app in shared mode that the operator's provider serves, with a user who has money."""

    demo: Demo
    router: RunningOpenRouter
    paywall_id: str
    http: httpx.Client

    def sync(self, *models: dict[str, object]) -> None:
        """Changes the list, and lets every paywall follow it, as the job does."""
        self.router.offer(*models)
        asyncio.run(sync_catalogue(OpenRouterCatalogue(self.router.base_url), KeptMailer(clock.now)))

    def wait_for(self, *names: str) -> None:
        """Waits until these and no others are offered: a model that was refused holds nothing, and is seen again
        within a second."""
        deadline = time.monotonic() + 60
        while (listed := self.offered()) != sorted(names):
            assert time.monotonic() < deadline, listed
            time.sleep(0.1)

    def offered(self) -> list[str]:
        answer = self.http.get(f"{self.demo.api_base}/models")
        return [row["id"] for row in answer.json()["data"]]

    def ask(self, name: str, words: str = "use 100 40") -> httpx.Response:
        """Streams an answer."""
        body = {"model": name, "user": "u1", "messages": [{"role": "user", "content": words}], "max_tokens": 500,
                "stream": True}  # fmt: skip
        return self.http.post(f"{self.demo.api_base}/chat/completions", json=body)

    def receipt(self, answer: httpx.Response) -> Receipt:
        """Returns the receipt of an answer, as it is kept."""
        with db.transaction(writes=False) as session:
            return read_receipt(session, self.paywall_id, answer.headers["x-request-id"])

    def versions(self) -> dict[tuple[str, int], ModelPrice]:
        """Returns every version of every price."""
        table = table_of(ModelPrice)
        with db.transaction(writes=False) as session:
            rows = session.scalars(select(ModelPrice).where(table.c.paywall_id == self.paywall_id)).all()
            session.expunge_all()
        return {(row.model, row.version): row for row in rows}


async def prepare(paywall_id: str, key: str) -> None:
    first = Configuration("Lexica", (ProviderSetting(BUILT_IN),), "https://lexica.example", markup_basis_points=2_000)
    person, _ = await crowd.sign_in("ada@example.org")
    with db.transaction() as session:
        books.create_paywall(session, paywall_id, Mode.SHARED, Environment.LIVE, Unit.USDC, first)
        keys.add_key(session, paywall_id, key)
        account = open_shared_wallet(session, person.account_id, Environment.LIVE)
        paid = Transfer(account.beside(Kind.WORLD, "x"), account, 100 * NANOS, "topup")
        apply_one(session, Post(f"topup:{person.account_id}", (paid,)))
    await approve(crowd.MAILBOX, mint_connect(paywall_id, "u1"), person, 100 * NANOS)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    data = tmp_path / "data"
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else f"sqlite:///{data}/coinslot.db"
    key, paywall_id = keys.new_key(Environment.LIVE), new_id("pw")
    with (
        openrouter.running() as router,
        running(data, DATABASE_URL=url, OPENROUTER_KEY="sk-or-1", OPENROUTER_BASE=router.base_url,
                ALLOW_PRIVATE_ADDRESSES="true") as demo,
        httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
    ):  # fmt: skip
        settings.configure(data=data, database_url=url, openrouter_base=router.base_url)
        db.dispose()
        asyncio.run(prepare(paywall_id, key))
        yield Shop(replace(demo, key=key), router, paywall_id, http)
        db.dispose()
        settings.configure()


@pytest.mark.plain_sql
@pytest.mark.slow
def test_requests_are_charged_by_the_version_that_they_began_with_whatever_happens_to_the_list(shop: Shop) -> None:
    """Only requests under way while the price list changes show which version they are charged by."""
    _a_request_keeps_its_price_while_the_next_has_another(shop)
    _none_fails_while_the_list_changes_under_load(shop)
    _a_model_that_would_lose_money_is_off_at_the_next_request(shop)
    audited = command("audit", "--data", str(shop.demo.data), DATABASE_URL=settings.get().database)
    assert audited.stdout.strip() == "The books balance.", audited.stderr


def _a_request_keeps_its_price_while_the_next_has_another(shop: Shop) -> None:
    shop.sync(model("a/changing", "0.000001", "0.000002"), model("a/leaving"))
    shop.wait_for("a/changing", "a/leaving")
    with ThreadPoolExecutor(2) as threads:
        running_ones = [threads.submit(shop.ask, name, "hold, use 100 40") for name in ("a/changing", "a/leaving")]
        while len(shop.router.seen()) < len(running_ones):
            time.sleep(0.02)
        shop.sync(model("a/changing", "0.000003", "0.000004"))
        fresh, gone = shop.ask("a/changing"), shop.ask("a/leaving")
        assert not any(answer.done() for answer in running_ones)
        shop.router.go()
        began_before = [answer.result(30) for answer in running_ones]
    assert [charged_version(shop, answer) for answer in (*began_before, fresh)] == [1, 1, 2]
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_priced")
    shop.wait_for("a/changing")


def _none_fails_while_the_list_changes_under_load(shop: Shop) -> None:
    def lists(number: int) -> list[dict[str, object]]:
        more = [model("a/flickering")] if number % 2 else []
        tier = {"min_prompt_tokens": 90, "prompt": f"0.00000{number + 2}"} if number > 2 else None
        pricing = {"overrides": [tier]} if tier else {}
        return [model("a/moving", f"0.00000{number + 1}", "0.000002", pricing=pricing), *more]

    shop.sync(*lists(1))
    shop.wait_for("a/flickering", "a/moving")
    ended = threading.Event()
    answers: list[tuple[str, httpx.Response]] = []

    def client(name: str) -> None:
        while not ended.is_set():
            answers.append((name, shop.ask(name)))
            ended.wait(0.2)

    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(client, "a/flickering" if number % 3 == 0 else "a/moving")
                   for number in range(CLIENTS)]  # fmt: skip
        for number in range(2, 2 + CHANGES):
            before = len(answers)
            shop.sync(*lists(number))
            while len(answers) < before + CLIENTS:
                ended.wait(0.02)
        ended.set()
        for done in clients:
            done.result(30)
    assert {answer.status_code for name, answer in answers if name == "a/moving"} == {200}
    assert {answer.status_code for name, answer in answers} <= {200, 404}
    seen = {charged_version(shop, answer) for name, answer in answers if name == "a/moving"}
    assert len(seen) > CHANGES // 2
    for answer in [answer for name, answer in answers if name != "a/moving" and answer.status_code == 200]:
        charged_version(shop, answer)


def charged_version(shop: Shop, answer: httpx.Response) -> int:
    """Checks a receipt against the prices of its version, tier or none, and returns the version."""
    assert answer.status_code == 200 and b"[DONE]" in answer.content, answer.text[-500:]
    receipt = shop.receipt(answer)
    row = shop.versions()[str(receipt.model), int(receipt.price_version or 0)]
    tier = next((tier for tier in row.tiers or () if tier["from_tokens"] <= 100), None)
    assert receipt.tier_from_tokens == (tier and tier["from_tokens"])
    by = tier or {"input_nanos": row.input_nanos, "output_nanos": row.output_nanos}
    assert {line.kind: Fraction(line.price_per_million) * NANOS for line in receipt.lines} == {
        "input": by["input_nanos"], "output": by["output_nanos"],
    }  # fmt: skip
    assert Fraction(receipt.charge) == arithmetic(asdict(receipt)) > 0
    assert Fraction(receipt.charge) == sum(map(Fraction, (receipt.split or {}).values()))
    return int(row.version)


def _a_model_that_would_lose_money_is_off_at_the_next_request(shop: Shop) -> None:
    catalogue, own = GenaiPrices(clock.now), NewPrice("a/own", 2 * NANOS, 4 * NANOS)
    shop.sync(model("a/own", "0.000001", "0.000002"))
    shop.wait_for("a/own")
    asyncio.run(set_own_price(catalogue, shop.paywall_id, own))
    receipt = shop.receipt(shop.ask("a/own"))
    # The provider is owed what it asked, and says the same of itself (in dollars, by its own prices).
    assert receipt.split is not None and receipt.charge == "0.00036"
    assert receipt.split["provider"] == receipt.provider_cost == "0.00018"
    shop.sync(model("a/own", "0.000003", "0.000002"))
    refused = shop.ask("a/own")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_priced")
    asyncio.run(set_own_price(catalogue, shop.paywall_id, replace(own, input_nanos=4 * NANOS)))
    shop.wait_for("a/own")
    assert charged_version(shop, shop.ask("a/own")) == 3
