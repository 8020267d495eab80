"""List prices, exact and offline."""

import socket
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import data_snapshot
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice

from app.adapters import prices_genai
from app.adapters.prices_genai import GenaiPrices
from app.domain.money import NANOS
from app.flows.ports import CataloguePrice, PriceCatalogue


def _at(year: int, month: int = 1, day: int = 1) -> PriceCatalogue:
    return GenaiPrices(lambda: int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 1_000_000)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> PriceCatalogue:
    """The catalogue on a machine without a network."""

    def refuse(*_: object) -> None:
        raise AssertionError("the catalogue tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return _at(2026, 11, 20)


def test_a_known_model_has_its_list_price(catalogue: PriceCatalogue) -> None:
    assert catalogue.find("gpt-4o-mini") == CataloguePrice(
        input_nanos=150_000_000,
        output_nanos=600_000_000,
        cached_input_nanos=75_000_000,
        context_tokens_max=128_000,
    )


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
    assert (before.input_nanos, after.input_nanos) == (10 * NANOS, 2 * NANOS)


def test_the_dearest_tier_and_time_of_day_are_taken(catalogue: PriceCatalogue) -> None:
    by_length, by_hour = catalogue.find("gemini-2.5-pro"), catalogue.find("deepseek-chat")
    assert by_length is not None
    assert (by_length.input_nanos, by_length.output_nanos) == (2_500_000_000, 15 * NANOS)
    assert by_hour is not None
    assert by_hour.input_nanos >= 270_000_000


def _with_price(monkeypatch: pytest.MonkeyPatch, price: ModelPrice) -> CataloguePrice | None:
    model = ModelInfo(id="made-up", match=ClauseEquals(equals="made-up"), prices=price)
    monkeypatch.setattr(prices_genai, "_find_model", lambda name: model)
    return _at(2026).find("made-up")


def test_a_fraction_of_a_nano_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _with_price(monkeypatch, ModelPrice(input_mtok=Decimal("0.0000000001"), output_mtok=Decimal("0.1")))
    assert found == CataloguePrice(1, 100_000_000, None, None)


def test_a_price_by_the_request_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = {"input_mtok": Decimal(1), "output_mtok": Decimal(1), "requests_kcount": Decimal(5)}
    assert _with_price(monkeypatch, ModelPrice(**prices)) is None


def test_no_price_of_the_whole_catalogue_is_negative(catalogue: PriceCatalogue) -> None:
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            found = catalogue.find(f"{provider.id}/{model.id}")
            assert found is None or min(found.input_nanos, found.output_nanos, found.cached_input_nanos or 0) >= 0
