"""Going back to a version: what it said and asked is published anew, on today's costs; what runs keeps its price."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.errors import NotFound, OutdatedVersion, StaleDecision
from app.domain.ledger.operations import Epoch
from app.domain.money import NANOS, Unit, format_decimal, parse_amount
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.configuration import Configuration, ResponderSetting, read_current
from app.domain.paywalls.members import Manager
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.paywalls.versions import Edition, open_edition, publish, read_version
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice, prices_at
from app.domain.pricing.quote import Tokens, charge_nanos
from app.flows.callers.snapshot import Snapshot, read_epochs
from app.flows.catalogue.follow import FollowRules, follow_catalogue
from app.flows.chat.call import Run
from app.flows.paywalls.change import change
from app.flows.paywalls.messages import templates
from app.flows.paywalls.prices import PriceRules, Prices, prices
from app.flows.paywalls.versions import RolledBack, version
from app.flows.pricing.drafts import Raised, plan
from app.flows.pricing.kept import BOOKS
from app.flows.pricing.sheet import Query, matching
from app.ports.prices import CataloguePrice
from tests.support import books
from tests.support.books import assert_books_balance, give, make_paywall, make_snapshot, running_queue
from tests.support.carrying import describe, receipt
from tests.support.managing import owner_of
from tests.support.scripted import DONE, LAST, Scripted, event, flows, request

pytestmark = pytest.mark.plain_sql

OWN = ProviderSetting("own", "https://api.example/v1")
A, B, C = (NewPrice(name, NANOS, 2 * NANOS) for name in "abc")


class Offline:
    """An offline catalogue that knows one model."""

    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(ListPrice(3 * NANOS, 3 * NANOS)) if model == "known" else None


RULES = PriceRules(Offline(), 100)


def asked(paywall_id: str) -> Mapping[str, int]:
    """What is served, and what a version says of it, which is the same."""
    with db.transaction(writes=False) as session:
        paywall, _ = read_current(session, paywall_id)
        offers = price_book.read_offers(session, paywall_id, paywall.unit).priced
        rows = prices_at(session, paywall_id, paywall.version)
        assert {model: price_book.to_offer(row, paywall.unit) for model, row in rows.items()} == offers
    return {model: offer.price.output_nanos for model, offer in offers.items()}


def current(paywall_id: str) -> tuple[int, Configuration]:
    with db.transaction(writes=False) as session:
        paywall, configuration = read_current(session, paywall_id)
    return paywall.version, configuration


async def roll_back(owner: Manager, to: int) -> RolledBack:
    return (await change(owner, version(RULES), to, current(owner.paywall_id)[0])).outcome


@pytest.mark.unhurried
async def test_configuration_and_prices_come_back_as_a_new_version(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"a": A, "b": B}, OWN)
    owner, first = owner_of(paywall_id), current(paywall_id)[1]
    await change(owner, templates(), {"topup": "{{ url }}"}, 1)
    changed = Prices(own=[replace(A, output_nanos=9), C], off=["b"])
    await change(owner, prices(RULES), changed, 2)
    assert asked(paywall_id) == {"a": 9, "c": 2 * NANOS}
    assert await roll_back(owner, 1) == RolledBack({})
    assert current(paywall_id) == (4, first)
    assert asked(paywall_id) == {"a": 2 * NANOS, "b": 2 * NANOS}
    assert await roll_back(owner, 3) == RolledBack({})
    assert current(paywall_id)[1].messages and asked(paywall_id) == {"a": 9, "c": 2 * NANOS}
    with db.transaction(writes=False) as session:
        logged = read_changes(session, paywall_id, 2)
        assert read_version(session, paywall_id, 5).made_by == owner.account_id
        assert [sorted(prices_at(session, paywall_id, number)) for number in range(1, 6)] == [
            ["a", "b"], ["a", "b"], ["a", "c"], ["a", "b"], ["a", "c"]
        ]  # fmt: skip
    assert [(each.section, each.version) for each in logged] == [(Section.VERSION, 5), (Section.VERSION, 4)]


async def test_who_serves_comes_back_and_a_key_that_was_replaced_stays_replaced(database: str) -> None:
    own = replace(OWN, key_sealed="v1.leaked", is_seal_old=False)
    two = ProviderSetting("two", "https://two.example/v1")
    old, moved = (ResponderSetting(f"https://{host}.example/x", "v1.leaked") for host in ("lexica", "elsewhere"))
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"a": A}, own)
        with books.editing(session, paywall_id) as edition:
            edition.configuration = replace(edition.configuration, providers=(own, two), responder=old)
            price_book.set_price(edition, replace(B, provider="two"))
    newest = replace(own, key_sealed="v1.new")
    owner = owner_of(paywall_id)
    for responder, secret in ((replace(old, secret_sealed="v1.new"), "v1.new"), (moved, "v1.leaked")):
        with db.transaction() as session, books.editing(session, paywall_id) as edition:
            edition.configuration = replace(edition.configuration, providers=(newest,), responder=responder)
            price_book.set_price(edition, replace(A, provider="own"))
            price_book.retire(edition, "b")
        assert await roll_back(owner, 2) == RolledBack({})
        found = current(paywall_id)[1]
        assert (found.providers, found.responder) == ((newest, two), replace(old, secret_sealed=secret))
        with db.transaction(writes=False) as session:
            rows = prices_at(session, paywall_id, current(paywall_id)[0])
        assert {model: found.provider_of(row.provider).name for model, row in rows.items()} == {"a": "own", "b": "two"}


async def test_going_back_to_what_is_there_is_no_version(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"a": A}, OWN)
    owner = owner_of(paywall_id)
    assert (await change(owner, version(RULES), 1, 1)).version == 1
    for number in (0, 2, -1):
        with pytest.raises(NotFound):
            await roll_back(owner, number)
    with pytest.raises(OutdatedVersion):
        await change(owner, version(RULES), 1, 2)
    assert current(paywall_id)[0] == 1


def listed(*models: tuple[str, int]) -> None:
    with db.transaction() as session:
        write_list(session, ModelList(tuple(ListedModel(m, m, "", 0, ListPrice(n, n)) for m, n in models)))


def sync(edition: Edition) -> None:
    follow_catalogue(edition, FollowRules("openrouter.ai", 100))


@pytest.mark.unhurried
async def test_where_the_operator_pays_nothing_comes_back_at_yesterdays_cost(database: str) -> None:
    listed(("own", NANOS), ("dear", NANOS), ("followed", NANOS), ("gone", NANOS))
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, ProviderSetting(BUILT_IN), Mode.SHARED, 1_000)
        with books.editing(session, paywall_id) as edition:
            sync(edition)
    owner = owner_of(paywall_id)
    own = [NewPrice("own", 5 * NANOS, 5 * NANOS), NewPrice("dear", 2 * NANOS, 2 * NANOS)]
    await change(owner, prices(RULES), Prices(own=own), 2)
    then = asked(paywall_id)
    await change(owner, prices(RULES), Prices(off=sorted(then)), 3)
    assert asked(paywall_id) == {}
    listed(("own", 3 * NANOS), ("dear", 3 * NANOS), ("followed", 4 * NANOS), ("other", NANOS))
    back = await roll_back(owner, 3)
    assert set(back.left_off) == {"dear", "gone"} and "the provider asks 3 per million" in back.left_off["dear"]
    assert asked(paywall_id) == {"own": 5 * NANOS, "followed": 4 * NANOS}
    with db.transaction(writes=False) as session:
        offers = price_book.read_offers(session, paywall_id, Unit.USDC).priced
    assert offers["own"].price.cost == ListPrice(3 * NANOS, 3 * NANOS).to_price("own", Unit.USDC)
    assert offers["followed"].price.markup_basis_points == 1_000
    with db.transaction() as session, books.editing(session, paywall_id) as edition:
        sync(edition)  # the catalogue brings none of them back by itself, and takes none away
    assert asked(paywall_id) == {"own": 5 * NANOS, "followed": 4 * NANOS, "other": NANOS}


async def test_what_runs_keeps_its_price_and_its_receipt_names_the_version(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": NewPrice("demo-mini", NANOS, 2 * NANOS)})
    owner, changes = owner_of(snapshot.paywall_id), iter((50 * NANOS, 3 * NANOS))

    async def send(_data: bytes) -> None:
        wanted = next(changes, None)
        if wanted is not None:
            own = [NewPrice("demo-mini", wanted, wanted)]
            await change(owner, prices(RULES), Prices(own=own), current(snapshot.paywall_id)[0])

    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(*(event("word " * 400) for _ in range(8)), LAST, DONE))
        run = await chat.begin(snapshot, "ada", request(stream=True), "req_1", None)
        assert isinstance(run, Run)
        await carrier.stream(run, send, describe)
        with pytest.raises(StaleDecision):
            await chat.begin(snapshot, "ada", request(stream=True), "req_2", None)
        again = await chat.begin(_anew(snapshot), "ada", request(stream=True), "req_3", None)
        assert isinstance(again, Run)
        await carrier.stream(again, send, describe)
    found, next_one = receipt(snapshot), receipt(snapshot, "req_3")
    assert (found.paywall_version, found.price_version) == (1, 1)
    assert (next_one.paywall_version, next_one.price_version) == (3, 3)
    tokens = Tokens(10, 20)
    for each, begun in ((found, run), (next_one, again)):
        assert each.charge == format_decimal(charge_nanos(begun.leg.offer.price, tokens))
    assert found.charge != next_one.charge
    assert_books_balance()


@pytest.mark.unhurried
@pytest.mark.plain_sql
async def test_a_rise_of_912_prices_counts_from_the_next_request_and_goes_back_as_a_version(database: str) -> None:
    """`research/dashboard_modes.md` (d) 6, but for how long a search takes: `tests/bench/prices.py` says that."""
    price = NewPrice("demo-mini", NANOS, 2 * NANOS)
    snapshot = make_snapshot({"demo-mini": price} | {name: replace(price, model=name) for name in map(str, range(911))})
    owner, paywall_id = owner_of(snapshot.paywall_id), snapshot.paywall_id
    for number in range(2, 8):
        with db.transaction() as session, books.editing(session, paywall_id) as edition:
            edition.configuration = replace(edition.configuration, app_text=f"Version {number}.")
    seven, snapshot = asked(paywall_id), _anew(snapshot)
    with db.transaction(writes=False) as session:
        desk = BOOKS.desk(session, paywall_id, RULES)
        every = matching(desk, plan(desk, ()), Query())
        draft = plan(desk, (Raised(every, 2_000),))
    assert len(every) == len(draft.differences) == len(draft.prices.own) == 912 and snapshot.version == 7
    drafts = iter((draft,))

    async def send(_data: bytes) -> None:
        if (made := next(drafts, None)) is not None:
            assert (await change(owner, prices(RULES), made.prices, 7)).version == 8

    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, carrier = flows(queue, Scripted(event("Hello"), LAST, DONE))
        for name, seen in (("req_1", snapshot), ("req_2", None)):
            run = await chat.begin(seen or _anew(snapshot), "ada", request(stream=True), name, None)
            assert isinstance(run, Run)
            await carrier.stream(run, send, describe)
    before, after = receipt(snapshot), receipt(snapshot, "req_2")
    assert (before.paywall_version, after.paywall_version) == (7, 8)
    assert parse_amount(after.charge, "charge") * 5 == parse_amount(before.charge, "charge") * 6
    assert asked(paywall_id) == {model: nanos * 6 // 5 for model, nanos in seven.items()}
    assert not (await roll_back(owner, 7)).left_off and current(paywall_id)[0] == 9 and asked(paywall_id) == seven
    assert_books_balance()


def _anew(snapshot: Snapshot) -> Snapshot:
    """The paywall as its key sees it now."""
    with db.transaction(writes=False) as session:
        paywall, configuration = read_current(session, snapshot.paywall_id)
        epochs = read_epochs(session, tuple(epoch.subject for epoch in snapshot.epochs))
        offers = price_book.read_offers(session, snapshot.paywall_id, snapshot.unit).priced
    now = tuple(Epoch(epoch.subject, epochs.get(epoch.subject, 0)) for epoch in snapshot.epochs)
    return replace(snapshot, version=paywall.version, configuration=configuration, offers=offers, epochs=now)


MODELS = st.sampled_from(["a", "b", "c", "known"])
AMOUNT = st.integers(1, 4).map(lambda units: units * NANOS)


@pytest.mark.unhurried
@pytest.mark.usefixtures("migrated_sqlite_url")
def test_after_any_saves_syncs_and_roll_backs_the_newest_version_is_what_is_served() -> None:
    """Each version also says for ever what was served while it was the newest."""

    class Paywall(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            with db.transaction() as session:
                provider, mode = ProviderSetting(BUILT_IN), Mode.SHARED
                self.id = make_paywall(session, {"a": replace(A, model="a")}, provider, mode, 1_000)
            self.said = {1: asked(self.id)}

        def do(self, act: Any) -> None:
            with db.transaction() as session:
                edition = open_edition(session, self.id, None)
                act(edition)
                number, before = publish(edition), max(self.said)
                assert number == before + edition.is_changed
            served = asked(self.id)
            assert number > before or served == self.said[number]
            self.said[number] = served

        @rule(model=MODELS, amount=AMOUNT)
        def save(self, model: str, amount: int) -> None:
            self.do(lambda edition: price_book.set_price(edition, NewPrice(model, amount, amount)))

        @rule(model=MODELS)
        def take_off(self, model: str) -> None:
            self.do(lambda edition: price_book.retire(edition, model))

        @rule(models=st.lists(st.tuples(MODELS, AMOUNT), min_size=1, max_size=3, unique_by=lambda one: one[0]))
        def follow_a_list(self, models: list[tuple[str, int]]) -> None:
            listed(*models)
            self.do(sync)

        @rule(back=st.integers(1, 50), word=st.sampled_from(["x", "y"]))
        def go_back(self, back: int, word: str) -> None:
            to = 1 + back % max(self.said)
            self.do(lambda edition: version(RULES).edit(edition, to))
            with db.transaction(writes=False) as session:
                then, now = (read_version(session, self.id, number) for number in (to, max(self.said)))
            assert then.configuration == now.configuration and set(asked(self.id)) <= set(self.said[to])
            self.do(lambda edition: setattr(edition, "configuration", replace(edition.configuration, app_text=word)))

        @invariant()
        def nothing_of_the_past_changes(self) -> None:
            with db.transaction(writes=False) as session:
                for number, then in self.said.items():
                    rows = prices_at(session, self.id, number)
                    assert {model: row.output_nanos for model, row in rows.items()} == then

    Paywall.TestCase.settings = hypothesis_settings(
        max_examples=8, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case = Paywall.TestCase("runTest")
    case.runTest()
