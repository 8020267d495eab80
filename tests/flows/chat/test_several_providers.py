"""A paywall with three providers, one of which fails: each model goes to its own, with its key, cost and receipt."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.commit_queue import CommitQueue
from app.domain.errors import BadField, ProviderFailed
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.shared import SharedBalance, open_shared_wallet, read_shared_balance, shared_account
from app.flows.callers.snapshot import Snapshot, read_snapshot
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Run
from app.flows.paywalls.prices import Prices
from app.flows.paywalls.provider import Leaving
from app.formats.openai_request import read_chat_request
from app.ports.prices import CataloguePrice
from app.wiring.adapters import ProvidersByName
from tests.emulators.upstream import RunningUpstream, running
from tests.support import books, crowd
from tests.support.books import assert_books_balance, editing, running_queue
from tests.support.carrying import describe, receipt
from tests.support.chat import Chat
from tests.support.handed import change_newest, parts, save_provider
from tests.support.scripted import COUNTER, limiter
from tests.support.splits import split_of

pytestmark = pytest.mark.plain_sql

OPERATORS_KEY, KEYS = "sk-or-operator-0123456789", {"alpha": "sk-alpha-0123456789", "beta": "sk-beta-0123456789"}
COST = ListPrice(NANOS, 2 * NANOS)
PRICES = (
    NewPrice("cheap", 3 * NANOS, 6 * NANOS, provider=BUILT_IN, upstream_model="ok", cost=COST, output_tokens_max=99),
    NewPrice("mine", 5 * NANOS, 9 * NANOS, upstream_model="ok:6", output_tokens_max=99),
    NewPrice("ok", 7 * NANOS, 7 * NANOS, output_tokens_max=99),
    NewPrice("broken", NANOS, NANOS, provider="beta", upstream_model="error-500", output_tokens_max=99),
    NewPrice("quoting", NANOS, NANOS, provider="beta", upstream_model="quote-delta", output_tokens_max=99),
)


class Knows:
    """A catalogue that knows what one model costs."""

    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(COST) if model == "ok" else None


@pytest.fixture(scope="module")
def upstreams() -> Iterator[dict[str, RunningUpstream]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(running()) for name in (BUILT_IN, "alpha", "beta")}


@dataclass
class Place:
    """A live paywall in shared mode in front of three upstreams, and a person with money who allows it."""

    upstreams: dict[str, RunningUpstream]
    providers: ProvidersByName
    queue: CommitQueue
    paywall_id: str
    key: str
    account_id: str

    @property
    def snapshot(self) -> Snapshot:
        with db.transaction(writes=False) as session:
            return read_snapshot(session, self.key)

    @property
    def configuration(self) -> Configuration:
        with db.transaction(writes=False) as session:
            return read_current(session, self.paywall_id)[1]

    @property
    def purse(self) -> SharedBalance:
        with db.transaction(writes=False) as session:
            return read_shared_balance(session, shared_account(self.account_id, Environment.LIVE))

    async def begin(self, model: str, request_id: str, *, stream: bool) -> tuple[Run, Carrier]:
        chat = Chat(self.queue, self.providers, COUNTER, limiter())
        body = {"model": model, "messages": [{"role": "user", "content": "Say it."}], "stream": stream}
        run = await chat.begin(self.snapshot, "ada", read_chat_request(body), request_id, None)
        assert isinstance(run, Run)
        return run, Carrier(chat.legs, COUNTER)

    async def ask(self, model: str, request_id: str = "req_1", *, stream: bool = False) -> bytes:
        run, carrier = await self.begin(model, request_id, stream=stream)
        return await carry(run, carrier)

    def seen(self) -> list[tuple[str, str, str | None]]:
        """Who was asked for which model with which key since the last look."""
        found = []
        for name, upstream in self.upstreams.items():
            found += [(name, asked["model"], asked["headers"].get("authorization")) for asked in upstream.seen()]
            upstream.reset()
        return found

    async def save(self, setting: ProviderSetting, key: str | None, **more: str) -> None:
        await save_provider(self.providers, SecretBox(settings.get().secrets), Knows(), self.paywall_id, setting, key,
                            **more)  # fmt: skip


async def carry(run: Run, carrier: Carrier) -> bytes:
    """Carries an answer to its end, and returns what the client got."""
    if not run.leg.request.is_stream:
        return await carrier.whole(run, describe)
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    sent.append(await carrier.stream(run, send, describe))
    return b"".join(sent)


@pytest.fixture
async def place(upstreams: dict[str, RunningUpstream], database: str) -> AsyncIterator[Place]:
    settings.configure(
        data=settings.get().data, database_url=database, allow_private_addresses=True,
        openrouter_key=OPERATORS_KEY, openrouter_base=upstreams[BUILT_IN].base_url, trial_credits=0,
    )  # fmt: skip
    box, paywall_id, key = SecretBox(settings.get().secrets), new_id("pw"), keys.new_key(Environment.LIVE)
    own = [ProviderSetting(name, upstreams[name].base_url) for name in KEYS]
    sealed = [replace(one, key_sealed=box.seal(KEYS[one.name], one.seal_context(paywall_id))) for one in own]
    first = Configuration("Lexica", (*sealed, ProviderSetting(BUILT_IN)), "https://lexica.example")
    ada, _ = await crowd.sign_in("ada@example.org")
    with db.transaction() as session:
        books.create_paywall(session, paywall_id, Mode.SHARED, Environment.LIVE, Unit.USDC, first)
        books.set_prices(session, paywall_id, PRICES)
        keys.add_key(session, paywall_id, key)
        account = open_shared_wallet(session, ada.account_id, Environment.LIVE)
        apply_one(session, Post("topup:1", (Transfer(account.beside(Kind.WORLD, "x"), account, NANOS, "topup"),)))
    providers = ProvidersByName(settings.get(), COUNTER)
    async with running_queue() as queue:
        made = Place(upstreams, providers, queue, paywall_id, key, ada.account_id)
        await crowd.connect(made.snapshot, ada, "ada")
        made.seen()
        yield made
    await providers.close()
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.parametrize("stream", [False, True])
async def test_each_model_goes_to_its_provider_with_its_key_cost_and_receipt(place: Place, stream: bool) -> None:
    await place.ask("cheap", "req_1", stream=stream)
    assert place.seen() == [(BUILT_IN, "ok", f"Bearer {OPERATORS_KEY}")]
    found, split = receipt(place.snapshot, "req_1"), split_of(place.snapshot, "req_1")
    assert (found.model, found.provider) == ("cheap", BUILT_IN)
    assert split["provider"] * 3 == sum(split.values()) > 0  # a price of three times what is asked
    for number, (model, sent) in enumerate((("mine", "ok:6"), ("ok", "ok")), start=2):
        await place.ask(model, f"req_{number}", stream=stream)
        assert place.seen() == [("alpha", sent, f"Bearer {KEYS['alpha']}")]
        found, split = receipt(place.snapshot, f"req_{number}"), split_of(place.snapshot, f"req_{number}")
        assert (found.model, found.provider, split["provider"]) == (model, "alpha", 0) and split["developer"] > 0
    before = place.purse
    with pytest.raises(ProviderFailed):
        await place.ask("broken", "req_4", stream=stream)
    assert place.seen() == [("beta", "error-500", f"Bearer {KEYS['beta']}")] and place.purse == before
    found = receipt(place.snapshot, "req_4")
    assert (found.status, found.model, found.provider, found.charge) == ("released", "broken", "beta", "0")
    # One that fails is nobody else's trouble.
    await place.ask("mine", "req_5", stream=stream)
    assert receipt(place.snapshot, "req_5").status == "settled"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_quotes_its_key_is_masked_by_its_own(place: Place, stream: bool) -> None:
    answer = await place.ask("quoting", stream=stream)
    assert place.seen()[0][0] == "beta" and b"The key is" in answer and KEYS["beta"].encode() not in answer


async def test_the_name_there_decides_how_a_model_is_asked(place: Place) -> None:
    with db.transaction() as session:
        books.set_price(session, place.paywall_id, NewPrice("plain", 1, 1, upstream_model="o3", output_tokens_max=99))
        books.set_price(session, place.paywall_id, NewPrice("o3", 1, 1, upstream_model="ok", output_tokens_max=99))
    with pytest.raises(ProviderFailed):  # the emulator has no o3
        await place.ask("plain", "req_1")
    await place.ask("o3", "req_2")
    bodies = [asked["body"] for asked in place.upstreams["alpha"].seen()]
    assert ["max_completion_tokens" in body for body in bodies] == [True, False]


@pytest.mark.unhurried
@pytest.mark.parametrize("stream", [False, True])
async def test_what_runs_ends_at_who_it_began_with_and_for_that_price(place: Place, stream: bool) -> None:
    run, carrier = await place.begin("mine", "req_1", stream=stream)
    with db.transaction() as session, editing(session, place.paywall_id) as edition:
        changed = NewPrice("mine", 900 * NANOS, 900 * NANOS, provider=BUILT_IN, upstream_model="ok", cost=COST)
        price_book.set_price(edition, changed)
    await change_newest(place.paywall_id, parts(Knows()).leaving, Leaving("beta", with_models=True))
    await carry(run, carrier)
    await place.ask("mine", "req_2", stream=stream)
    then, now = receipt(place.snapshot, "req_1"), receipt(place.snapshot, "req_2")
    assert (then.provider, then.price_version, now.provider, now.price_version) == ("alpha", 1, BUILT_IN, 2)
    split, later = (split_of(place.snapshot, request_id) for request_id in ("req_1", "req_2"))
    assert split["provider"] == 0 < later["provider"] and 50 * sum(split.values()) < sum(later.values())
    assert [(name, model) for name, model, _ in place.seen()] == [(BUILT_IN, "ok"), ("alpha", "ok:6")]


@pytest.mark.unhurried
async def test_a_key_goes_to_no_other_provider_whatever_becomes_of_the_list(place: Place) -> None:
    alpha, beta = (ProviderSetting(name, place.upstreams[name].base_url) for name in KEYS)
    for wanted in (replace(alpha, base_url=beta.base_url), replace(beta, base_url=alpha.base_url)):
        with pytest.raises(BadField, match="another address"):
            await place.save(wanted, None)
    allowed = {("alpha", f"Bearer {KEYS['alpha']}"), ("beta", f"Bearer {KEYS['beta']}"),
               (BUILT_IN, f"Bearer {OPERATORS_KEY}")}  # fmt: skip

    async def look(number: int, *models: str) -> set[tuple[str, str | None]]:
        for place_in_line, model in enumerate(models):
            await place.ask(model, f"req_{number}_{place_in_line}")
        return {(name, key) for name, _, key in place.seen()}

    await change_newest(place.paywall_id, parts(Knows()).default_provider, "beta")
    assert await look(1, "mine", "quoting", "cheap", "ok") == allowed
    # Of its own name it keeps its key, of another it has none until it is given one.
    await place.save(replace(beta, limit_field="max_tokens"), None)
    assert await look(2, "mine", "quoting", "cheap") == allowed
    await place.save(ProviderSetting("gamma", alpha.base_url), None, in_place_of="alpha")
    assert await look(3, "mine", "ok") == {("alpha", None)}
    await place.save(ProviderSetting("alpha", beta.base_url), None)
    assert place.configuration.provider_of("alpha").key_sealed is None
    own = [NewPrice("mine", NANOS, NANOS, provider="alpha", upstream_model="ok")]
    await change_newest(place.paywall_id, parts(Knows()).prices, Prices(own=own))
    assert await look(4, "mine") == {("beta", None)}
