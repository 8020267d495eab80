"""A draft comes to exactly what the door publishes, changes nothing by itself, and says what it would change."""

from collections.abc import Iterable

import pytest

from app import db, settings
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.errors import BadField
from app.domain.money import NANOS, Unit
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.tables import PriceSource
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import PriceBook, PriceDesk, PriceRules, prices
from app.flows.pricing.drafts import (
    NAMES_MAX,
    Followed,
    Marked,
    Own,
    Planned,
    Raised,
    Step,
    TakenOff,
    check_size,
    plan,
    summary,
    without,
)
from app.ports.prices import CataloguePrice
from tests.support.books import Providers, make_paywall
from tests.support.handed import follow_catalogue
from tests.support.managing import owner_of

pytestmark = pytest.mark.plain_sql

OWN_KEY, OTHER = ProviderSetting("own", "https://x.example/v1"), ProviderSetting("other", "https://y.example/v1")


class Offline:
    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(ListPrice(NANOS, 2 * NANOS)) if model == "known" else None


RULES = PriceRules(Offline(), 100)
LISTED = [ListedModel(name, name.upper(), "", 0, ListPrice(NANOS, 4 * NANOS)) for name in ("a/a", "b/b", "c/c")]
MINE = NewPrice("a/a", 3 * NANOS, 9 * NANOS)


OPERATORS = ProviderSetting(BUILT_IN)


def paywall(provider: Providers = OPERATORS, mode: Mode = Mode.SHARED, markup: int = 1_000) -> str:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, provider, mode, markup)
        write_list(session, ModelList(tuple(LISTED)))
        follow_catalogue(session, paywall_id, "openrouter.ai")
        return paywall_id


def planned(paywall_id: str, *steps: Step) -> Planned:
    with db.transaction(writes=False) as session:
        current, configuration = read_current(session, paywall_id)
        latest = PriceBook(price_book.read_latest(session, paywall_id))
        return plan(PriceDesk(session, current, configuration, RULES, latest), steps)


async def publish(paywall_id: str, made: Planned, read: int) -> int:
    return (await change(owner_of(paywall_id), prices(RULES), made.prices, read)).version


def now(paywall_id: str) -> dict[str, tuple[int, int, int]]:
    with db.transaction(writes=False) as session:
        offers = price_book.read_offers(session, paywall_id, Unit.USDC).priced
    return {
        model: (one.price.input_nanos, one.price.output_nanos, one.price.markup_basis_points)
        for model, one in offers.items()
    }


def names(made: Planned) -> list[str]:
    return [each.model for each in made.differences]


@pytest.mark.unhurried
async def test_what_a_draft_shows_is_what_is_published(database: str) -> None:
    paywall_id = paywall()
    before = now(paywall_id)
    made = planned(paywall_id, Own(MINE), Raised(("b/b",), 5_000), TakenOff(("c/c",)))
    assert now(paywall_id) == before and names(made) == ["a/a", "b/b", "c/c"]
    assert await publish(paywall_id, made, 2) == 3
    assert now(paywall_id) == {"a/a": (3 * NANOS, 9 * NANOS, 0), "b/b": (1_650_000_000, 6_600_000_000, 0)}
    shown = made.by_model
    rise, than = shown["b/b"].moved.rise
    assert shown["c/c"].after is None and rise * 2 == than * 3
    assert planned(paywall_id, Own(MINE), TakenOff(("c/c",))).is_empty
    back = planned(paywall_id, Followed(("a/a", "c/c")))
    assert await publish(paywall_id, back, 3) == 4
    assert now(paywall_id)["c/c"] == now(paywall_id)["a/a"] == (NANOS, 4 * NANOS, 1_000)


@pytest.mark.unhurried
async def test_a_markup_moves_what_follows_the_list_and_nothing_else(database: str) -> None:
    paywall_id = paywall()
    await publish(paywall_id, planned(paywall_id, Own(MINE)), 2)
    made = planned(paywall_id, Marked(2_500))
    assert names(made) == ["b/b", "c/c"] and made.prices.markup_basis_points == 2_500
    assert await publish(paywall_id, made, 3) == 4
    assert now(paywall_id)["b/b"] == (NANOS, 4 * NANOS, 2_500) and now(paywall_id)["a/a"][2] == 0
    assert planned(paywall_id, Marked(2_500)).is_empty
    both = planned(paywall_id, Marked(5_000), Followed(("a/a",)))
    assert names(both) == ["a/a", "b/b", "c/c"]
    await publish(paywall_id, both, 4)
    assert set(now(paywall_id).values()) == {(NANOS, 4 * NANOS, 5_000)}


async def test_what_would_lose_money_is_refused_by_its_name_and_the_rest_can_go_without_it(database: str) -> None:
    paywall_id = paywall()
    steps: tuple[Step, ...] = (Raised(("a/a", "b/b"), -9_000), TakenOff(("c/c",)))
    made = planned(paywall_id, *steps)
    assert set(made.refused) == {"a/a", "b/b"} and names(made) == ["c/c"] and not made.is_empty
    assert made.refused["a/a"].field == "input_nanos"
    left = without(without(steps, "a/a"), "b/b")
    assert left == (TakenOff(("c/c",)),) and not planned(paywall_id, *left).refused
    assert planned(paywall_id, Marked(0)).refused.keys() == {"a/a", "b/b", "c/c"}


async def test_with_an_own_key_below_cost_is_the_developers_to_say(database: str) -> None:
    paywall_id = paywall((OWN_KEY, OTHER), Mode.DEFAULT)
    made = planned(paywall_id, Own(NewPrice("x", 0, 0)), Own(NewPrice("known", NANOS, NANOS, provider="other")))
    assert not made.refused and await publish(paywall_id, made, 1) == 2
    assert now(paywall_id) == {"x": (0, 0, 0), "known": (NANOS, NANOS, 0)}
    nowhere = planned(paywall_id, Followed(("nobody/knows",)), Own(NewPrice("y", 1, 1, provider="nobody")))
    assert {model: refusal.field for model, refusal in nowhere.refused.items()} == {
        "nobody/knows": "model", "y": "provider"
    }  # fmt: skip


async def test_later_steps_go_on_from_those_before(database: str) -> None:
    paywall_id = paywall((OWN_KEY,), Mode.DEFAULT)
    raised = planned(paywall_id, Own(NewPrice("a/a", 100, 100)), Raised(("a/a",), 2_000), Raised(("a/a",), 2_000))
    assert raised.prices.own[0].input_nanos == 144
    again = planned(paywall_id, TakenOff(("a/a",)), Own(NewPrice("a/a", 7, 7)))
    assert not again.prices.off and again.prices.own[0].input_nanos == 7
    gone = planned(paywall_id, Own(NewPrice("a/a", 7, 7)), TakenOff(("a/a",)), Raised(("a/a", "b/b"), 2_000))
    assert gone.is_empty
    with pytest.raises(BadField):
        planned(paywall_id, Marked(-1))


async def test_an_own_price_in_the_sandbox_stands_on_what_the_demo_asked(database: str) -> None:
    settings.configure(data=settings.get().data, database_url=database)
    with db.transaction() as session:
        demo = NewPrice("demo-mini", NANOS, 2 * NANOS, markup_basis_points=2_000)
        paywall_id = make_paywall(session, {"demo-mini": demo}, None, Mode.SHARED)
    assert planned(paywall_id, Own(NewPrice("demo-mini", NANOS, 2 * NANOS))).refused
    made = planned(paywall_id, Own(NewPrice("demo-mini", 2 * NANOS, 3 * NANOS)))
    await publish(paywall_id, made, 1)
    with db.transaction(writes=False) as session:
        row = price_book.read_latest(session, paywall_id)["demo-mini"]
    assert row.cost["input_nanos"] == NANOS and row.source is PriceSource.DEVELOPER
    assert planned(paywall_id, Own(NewPrice("demo-mini", NANOS, 3 * NANOS))).refused


async def test_the_largest_moves_are_named(database: str) -> None:
    paywall_id = paywall((OWN_KEY,), Mode.DEFAULT)
    first = planned(paywall_id, *(Own(NewPrice(name, 100, 100)) for name in ("a", "b", "c")))
    assert not list(summary(first.differences))
    await publish(paywall_id, first, 1)
    steps: Iterable[Step] = (Own(NewPrice("a", 120, 100)), Own(NewPrice("b", 100, 2_000)), Own(NewPrice("c", 5, 100)))
    found = dict(summary(planned(paywall_id, *steps).differences))
    assert (found["rise"].model, found["fall"].model) == ("b", "c")
    assert found["rise"].moved.is_tenfold and found["fall"].moved.is_tenfold


def test_a_draft_that_no_page_could_remember_is_refused() -> None:
    check_size((TakenOff(("a",) * NAMES_MAX),))
    with pytest.raises(BadField):
        check_size((TakenOff(("a",) * NAMES_MAX), Own(MINE)))
