"""List prices, exact and offline."""

import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import data_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Usage

from app.adapters.prices import genai
from app.adapters.prices.genai import GenaiPrices
from app.domain.money import NANOS, Unit
from app.domain.pricing.list_price import LISTED, ListPrice
from app.domain.pricing.quote import Tokens, charge_nanos
from app.ports.prices import CataloguePrice, PriceCatalogue


def _at(year: int, month: int = 1, day: int = 1) -> PriceCatalogue:
    return GenaiPrices(lambda: int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000_000)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> PriceCatalogue:
    """The catalogue on a machine without a network."""

    def refuse(*_: object) -> None:
        raise AssertionError("the catalogue tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return _at(2026, 11, 20)


@pytest.mark.unhurried
def test_a_known_model_has_its_list_price(catalogue: PriceCatalogue) -> None:
    price = ListPrice(input_nanos=150_000_000, output_nanos=600_000_000, cached_input_nanos=75_000_000)
    assert catalogue.find("gpt-4o-mini") == CataloguePrice(price, context_tokens_max=128_000)


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4", "groq/llama-3.3-70b-versatile"])
def test_a_model_is_found_with_its_maker(catalogue: PriceCatalogue, model: str) -> None:
    assert catalogue.find(model) is not None


@pytest.mark.parametrize("model", ["", "demo-mini", "mock", "nobody/nothing", "text-embedding-3-small", "/", "openai/"])
def test_an_unknown_model_has_no_price(catalogue: PriceCatalogue, model: str) -> None:
    assert catalogue.find(model) is None


def test_a_price_holds_from_its_date_on() -> None:
    before, after = _at(2025, 6, 9).find("o3"), _at(2025, 6, 10).find("o3")
    assert before is not None
    assert after is not None
    assert (before.price.input_nanos, after.price.input_nanos) == (10 * NANOS, 2 * NANOS)


def test_the_dearest_time_of_day_is_taken(catalogue: PriceCatalogue) -> None:
    by_hour = catalogue.find("deepseek-chat")
    assert by_hour is not None and by_hour.price.input_nanos >= 270_000_000


def test_a_long_prompt_has_a_tier_that_begins_behind_its_start(catalogue: PriceCatalogue) -> None:
    found = catalogue.find("gemini-2.5-pro")
    assert found is not None
    price = found.price
    assert (price.input_nanos, price.cached_input_nanos, price.output_nanos) == (1_250_000_000, 125_000_000, 10 * NANOS)
    (tier,) = price.tiers
    assert (tier.from_tokens, tier.input_nanos, tier.cached_input_nanos, tier.output_nanos) == (
        200_001, 2_500_000_000, 250_000_000, 15 * NANOS,
    )  # fmt: skip


@pytest.mark.unhurried
def test_each_tier_of_the_whole_catalogue_charges_what_its_own_arithmetic_does(
    catalogue: PriceCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = 0
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            monkeypatch.setattr(genai, "_find_model", lambda _name, model=model: model)
            found = catalogue.find(model.id)
            if found is None or not found.price.tiers or not isinstance(model.prices, ModelPrice):
                continue
            own = found.price.to_price("m", Unit.USD)
            for prompt in (1, *(tier.from_tokens + near for tier in found.price.tiers for near in (-1, 0))):
                theirs = model.prices.calc_price(Usage(input_tokens=prompt, output_tokens=1_000))["total_price"] * NANOS
                assert 0 <= charge_nanos(own, Tokens(prompt, 1_000)) - theirs < 2, (model.id, prompt)
                compared += 1
    assert compared > 100


def _with_price(monkeypatch: pytest.MonkeyPatch, price: ModelPrice) -> CataloguePrice | None:
    model = ModelInfo(id="made-up", match=ClauseEquals(equals="made-up"), prices=price)
    monkeypatch.setattr(genai, "_find_model", lambda name: model)
    return _at(2026).find("made-up")


def test_a_fraction_of_a_nano_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _with_price(monkeypatch, ModelPrice(input_mtok=Decimal("0.0000000001"), output_mtok=Decimal("0.1")))
    assert found == CataloguePrice(ListPrice(1, 100_000_000))


def test_a_price_by_the_request_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = {"input_mtok": Decimal(1), "output_mtok": Decimal(1), "requests_kcount": Decimal(5)}
    assert _with_price(monkeypatch, ModelPrice(**prices)) is None


@pytest.mark.slow
def test_no_price_of_the_whole_catalogue_is_negative(catalogue: PriceCatalogue) -> None:
    """Only the whole catalogue has the odd model whose price is written as none other is."""
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            found = catalogue.find(f"{provider.id}/{model.id}")
            amounts = () if found is None else [getattr(found.price, name) or 0 for name in LISTED]
            assert min(amounts, default=0) >= 0
