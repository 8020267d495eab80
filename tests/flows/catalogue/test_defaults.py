"""Prices where a developer has set none."""

import pytest

from app import db
from app.adapters.prices.genai import GenaiPrices
from app.domain import clock
from app.domain.catalogue.catalogue import ListedModel, ModelList, write_list
from app.domain.catalogue.models import image_tokens_max
from app.domain.money import NANOS, Unit
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.flows.catalogue.defaults import Filled, default_price, fill_prices, to_new_price
from app.ports.prices import CataloguePrice
from tests.support import books
from tests.support.books import make_paywall

pytestmark = pytest.mark.plain_sql

CATALOGUE = GenaiPrices(clock.now)


def test_the_catalogue_prices_what_it_knows_offline_with_the_markup() -> None:
    price = default_price("gpt-4o-mini", CATALOGUE, 2_000)
    assert price is not None
    assert (price.input_nanos, price.cached_input_nanos, price.output_nanos) == (150_000_000, 75_000_000, 600_000_000)
    assert (price.markup_basis_points, price.part_tokens_max, price.source) == (2_000, 48_169, "catalogue")
    assert default_price("nobody/nothing", CATALOGUE, 0) is None


@pytest.mark.parametrize(
    ("model", "kind"), [("gpt-audio", "audio_input_nanos"), ("claude-sonnet-4-0", "cache_write_nanos")]
)
def test_kinds_that_have_a_price_of_their_own_keep_it(model: str, kind: str) -> None:
    price = default_price(model, CATALOGUE, 0)
    assert price is not None and getattr(price, kind) > price.input_nanos


def test_credits_are_a_hundred_to_the_dollar() -> None:
    found = CataloguePrice(ListPrice(NANOS, 2 * NANOS, request_nanos=5, cache_write_nanos=7))
    price, same = to_new_price("m", found, Unit.CREDIT, 0), to_new_price("m", found, Unit.USDC, 0)
    assert price is not None and same is not None
    assert (price.input_nanos, price.output_nanos, price.request_nanos, price.cache_write_nanos) == (
        100 * NANOS, 200 * NANOS, 500, 700,
    )  # fmt: skip
    assert price.reasoning_nanos is None
    assert same.input_nanos == NANOS


def test_an_override_stays_and_what_nobody_knows_is_refused_by_name(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"gpt-4o": NewPrice("gpt-4o", 1, 2)})
        models = ["gpt-4o", "gpt-4o-mini", "secret-model"]
        for _ in range(2):
            with books.editing(session, paywall_id) as edition:
                assert fill_prices(edition, "demo", models, CATALOGUE) == Filled(tuple(models[:2]), tuple(models[2:]))
        found = price_book.read_offers(session, paywall_id, Unit.USD)
    assert found.priced["gpt-4o"].price.input_nanos == 1
    assert (found.priced["gpt-4o-mini"].price.version, found.unpriced) == (1, {"secret-model"})


def test_the_list_that_was_synced_goes_before_the_offline_catalogue(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        write_list(session, ModelList((ListedModel("gpt-4o-mini", "Mini", "", 0, ListPrice(5, 6), None, None),)))
        with books.editing(session, paywall_id) as edition:
            assert fill_prices(edition, "demo", ["gpt-4o-mini", "gpt-4o"], CATALOGUE).unpriced == ()
        found = price_book.read_offers(session, paywall_id, Unit.USD)
    assert found.priced["gpt-4o-mini"].price.input_nanos == 5 and found.priced["gpt-4o"].price.input_nanos > NANOS


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("gpt-4o", 1_445), ("openai/gpt-4o-mini", 48_169), ("anthropic/claude-sonnet-4", 4_784), ("gpt-4.1-nano", 3_779),
     ("llama-3", None), ("not-gpt-4o", None)],
)  # fmt: skip
def test_an_image_is_bounded_where_the_maker_says_how(model: str, tokens: int | None) -> None:
    assert image_tokens_max(model) == tokens
