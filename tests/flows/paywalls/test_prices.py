"""A developer's own price leaves them something, and brings back what was switched off."""

from dataclasses import replace

import pytest

from app import db
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.errors import BadField
from app.domain.money import NANOS, Unit
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, ProviderSetting
from app.domain.paywalls.versions import open_edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice, Offers
from app.domain.pricing.tables import PriceSource, RetiredBecause
from app.flows.paywalls.prices import stand_on_cost
from app.ports.prices import CataloguePrice
from tests.support import books
from tests.support.books import Providers, make_paywall
from tests.support.handed import follow_catalogue, follow_list_price, set_own_price

pytestmark = pytest.mark.plain_sql

LISTED = ListedModel("a/a", "A", "", 0, ListPrice(NANOS, 2 * NANOS))
MINE = NewPrice("a/a", 4 * NANOS, 8 * NANOS)


class Offline:
    """An offline catalogue that knows one model."""

    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(ListPrice(3 * NANOS, 3 * NANOS)) if model == "known" else None


OFFLINE = Offline()


def paywall(provider: Providers, *listed: ListedModel, mode: Mode = Mode.SHARED) -> str:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, provider, mode, 1_000)
        if listed:
            write_list(session, ModelList(listed))
            follow_catalogue(session, paywall_id, "openrouter.ai")
        return paywall_id


def offers(paywall_id: str) -> Offers:
    with db.transaction(writes=False) as session:
        return price_book.read_offers(session, paywall_id, Unit.USDC)


async def test_an_own_price_stands_on_what_the_provider_asks(database: str) -> None:
    paywall_id = paywall(ProviderSetting(BUILT_IN), LISTED)
    assert (
        await set_own_price(OFFLINE, paywall_id, replace(MINE, source=PriceSource.CATALOGUE, cost=ListPrice(0, 0))) == 2
    )
    found = offers(paywall_id)
    assert found.overridden == {"a/a"} and found.priced["a/a"].price.cost == ListPrice(NANOS, 2 * NANOS).to_price(
        "a/a", Unit.USDC
    )


@pytest.mark.parametrize(
    ("price", "field"),
    [(replace(MINE, input_nanos=NANOS), "input_nanos"), (replace(MINE, output_nanos=0), "output_nanos"),
     (replace(MINE, cached_input_nanos=0), "cached_input_nanos"), (replace(MINE, model="nobody/knows"), "model"),
     (replace(MINE, input_nanos=-1), "input_nanos")],
)  # fmt: skip
async def test_a_price_that_leaves_a_loss_or_has_no_known_cost_is_refused(
    database: str, price: NewPrice, field: str
) -> None:
    paywall_id = paywall(ProviderSetting(BUILT_IN), LISTED)
    before = offers(paywall_id)
    with pytest.raises(BadField) as refused:
        await set_own_price(OFFLINE, paywall_id, price)
    assert refused.value.field == field and offers(paywall_id) == before


async def test_saving_a_price_that_covers_the_cost_brings_a_model_back(database: str) -> None:
    paywall_id = paywall(ProviderSetting(BUILT_IN), LISTED)
    await set_own_price(OFFLINE, paywall_id, MINE)
    dear = replace(LISTED, price=ListPrice(5 * NANOS, 8 * NANOS))
    with db.transaction() as session:
        write_list(session, ModelList((dear,)))
        follow_catalogue(session, paywall_id, "openrouter.ai")
        off = price_book.current(session, paywall_id, "a/a")
        assert off is not None and off.retired_because is RetiredBecause.COST
    with pytest.raises(BadField):
        await set_own_price(OFFLINE, paywall_id, MINE)
    assert "a/a" in offers(paywall_id).unpriced
    await set_own_price(OFFLINE, paywall_id, replace(MINE, input_nanos=6 * NANOS, output_nanos=9 * NANOS))
    assert offers(paywall_id).priced["a/a"].price.input_nanos == 6 * NANOS
    await follow_list_price(OFFLINE, paywall_id, "a/a")
    price = offers(paywall_id).priced["a/a"].price
    assert (price.input_nanos, price.markup_basis_points, price.cost) == (5 * NANOS, 1_000, None)


@pytest.mark.unhurried
async def test_before_the_first_list_the_offline_catalogue_says_what_is_asked(database: str) -> None:
    paywall_id = paywall(ProviderSetting(BUILT_IN))
    await set_own_price(OFFLINE, paywall_id, replace(MINE, model="known"))
    assert offers(paywall_id).priced["known"].price.cost == ListPrice(3 * NANOS, 3 * NANOS).to_price("known", Unit.USDC)
    await follow_list_price(OFFLINE, paywall_id, "known")
    assert offers(paywall_id).priced["known"].price.input_nanos == 3 * NANOS
    with pytest.raises(BadField):
        await follow_list_price(OFFLINE, paywall_id, "nobody/knows")


@pytest.mark.parametrize("mode", [Mode.DEFAULT, Mode.SHARED])
async def test_with_an_own_key_any_price_is_the_developers_to_set(database: str, mode: Mode) -> None:
    paywall_id = paywall(ProviderSetting("own", "https://x.example/v1"), LISTED, mode=mode)
    await set_own_price(OFFLINE, paywall_id, NewPrice("nobody/knows", 0, 0, cost=ListPrice(9, 9)))
    price = offers(paywall_id).priced["nobody/knows"].price
    assert price.cost is None and price.is_free


@pytest.mark.unhurried
async def test_own_prices_stand_on_their_cost_once_the_operator_pays(database: str) -> None:
    own, built_in = ProviderSetting("own", "https://x.example/v1"), ProviderSetting(BUILT_IN)
    paywall_id = paywall((own, built_in), LISTED)
    await set_own_price(OFFLINE, paywall_id, replace(MINE, provider="own"))
    assert offers(paywall_id).priced["a/a"].price.cost is None
    with db.transaction() as session, books.editing(session, paywall_id) as edition:
        edition.configuration = replace(edition.configuration, providers=(built_in,))
        stand_on_cost(edition, OFFLINE)
    assert offers(paywall_id).priced["a/a"].price.cost is not None
    paywall_id = paywall((own, built_in), LISTED)
    await set_own_price(OFFLINE, paywall_id, NewPrice("nobody/knows", 1, 1))
    with db.transaction() as session:
        edition = open_edition(session, paywall_id, None)
        stand_on_cost(edition, OFFLINE)  # it is not the operator who pays for it
        edition.configuration = replace(edition.configuration, providers=(built_in,))
        with pytest.raises(BadField):
            stand_on_cost(edition, OFFLINE)


@pytest.mark.unhurried
async def test_a_model_that_the_developer_took_off_stays_off_once_the_operator_pays(database: str) -> None:
    paywall_id = paywall(ProviderSetting(BUILT_IN), LISTED)
    await set_own_price(OFFLINE, paywall_id, MINE)
    with db.transaction() as session:
        assert books.retire(session, paywall_id, "a/a")
        with books.editing(session, paywall_id) as edition:
            stand_on_cost(edition, OFFLINE)
    assert "a/a" in offers(paywall_id).unpriced
