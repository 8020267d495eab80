"""The demo's paywall is made once, and follows its provider."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app import db, settings
from app.adapters.demo.provider import DemoProvider
from app.adapters.providers.tiktoken import TiktokenCounter
from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.tables import PaywallKey, PaywallRow
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.quote import Tokens, charge_nanos, cost_nanos
from app.domain.pricing.tables import ModelPrice
from app.flows.callers.snapshot import Snapshot, find_outdated, read_snapshot
from app.flows.paywalls.demo import MARKUP_BASIS_POINTS, PAYWALL_ID
from app.ports.prices import CataloguePrice
from app.ports.providers import ChatProvider, ProviderAnswer, ProviderTarget
from tests.support.handed import prepare


class Lists:
    """A provider that offers these models and answers nothing."""

    def __init__(self, *models: str) -> None:
        self.models = list(models)

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        raise AssertionError

    async def list_models(self, target: ProviderTarget) -> list[str]:
        return self.models

    async def close(self) -> None:
        return


class Knows:
    """A catalogue that knows one model."""

    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(ListPrice(3 * NANOS, 9 * NANOS, NANOS), 1_000) if model == "known" else None


async def offered(provider: ChatProvider, name: str = "upstream") -> Snapshot:
    paywalls = await prepare(provider, ProviderTarget(name, "http://127.0.0.1:1/v1", None), Knows())
    paywall = paywalls[Mode.DEFAULT]
    assert paywall.id == PAYWALL_ID
    with db.transaction(writes=False) as session:
        return read_snapshot(session, paywall.key)


async def test_preparing_twice_changes_nothing(database: str) -> None:
    first, second = [await offered(Lists("known", "other")) for _ in range(2)]
    assert first == second


async def test_models_cost_what_the_catalogue_says_or_one_and_two_dollars(database: str) -> None:
    offers = (await offered(Lists("known", "other"))).offers
    known, other = offers["known"].price, offers["other"].price
    assert (known.input_nanos, known.cached_input_nanos, known.output_nanos) == (3 * NANOS, NANOS, 9 * NANOS)
    assert (other.input_nanos, other.output_nanos, other.markup_basis_points) == (NANOS, 2 * NANOS, 2_000)


@pytest.mark.unhurried
async def test_a_model_that_vanished_has_no_price_any_more(database: str) -> None:
    await offered(Lists("known", "other"))
    snapshot = await offered(Lists("known"))
    assert (set(snapshot.offers), snapshot.unpriced) == ({"known"}, {"other"})


async def test_the_demo_provider_brings_its_own_prices(database: str) -> None:
    snapshot = await offered(DemoProvider(TiktokenCounter(), clock.now), "demo")
    assert set(snapshot.offers) == {"demo-mini", "demo-large"}
    assert all(offer.context_tokens_max and offer.part_tokens_max for offer in snapshot.offers.values())


async def test_what_the_demo_provider_asks_is_known_so_that_there_is_a_margin(database: str) -> None:
    tokens = Tokens(10**6, 10**6, 10**5)
    for offer in (await offered(DemoProvider(TiktokenCounter(), clock.now), "demo")).offers.values():
        assert offer.price.cost is not None
        assert 5 * charge_nanos(offer.price, tokens) == 6 * cost_nanos(offer.price, tokens)


@pytest.mark.unhurried
async def test_a_model_that_comes_back_is_offered_again(database: str) -> None:
    await offered(Lists("known", "other"))
    await offered(Lists("known"))
    snapshot = await offered(Lists("known", "other"))
    assert (set(snapshot.offers), snapshot.unpriced) == ({"known", "other"}, frozenset())


async def test_the_markup_is_on_every_price(database: str) -> None:
    offers = (await offered(Lists("known", "other", "demo-mini"))).offers
    assert {offer.price.markup_basis_points for offer in offers.values()} == {MARKUP_BASIS_POINTS}
    assert charge_nanos(offers["known"].price, Tokens(10**6, 10**6)) == 12 * NANOS * 12 // 10
    assert offers["known"].context_tokens_max == 1_000


async def test_another_upstream_is_published_and_outdates_what_was_decided(database: str) -> None:
    first = await offered(Lists("known"))
    second = await offered(Lists("known"), "elsewhere")
    assert second.configuration.providers[0].name == "elsewhere" and second.offers == first.offers
    with db.transaction(writes=False) as session:
        assert find_outdated(session, [first, second]) == [first]


@pytest.mark.unhurried
async def test_several_processes_may_prepare_at_once(database: str) -> None:
    snapshots = await asyncio.gather(*(offered(Lists("known", "other")) for _ in range(5)))
    assert all(snapshot == snapshots[0] for snapshot in snapshots)
    with db.transaction(writes=False) as session:
        for table, rows in ((PaywallRow, 2), (PaywallKey, 2), (ModelPrice, 4)):
            assert session.scalar(select(func.count()).select_from(table)) == rows


async def test_the_key_is_the_same_at_each_start_and_another_with_another_secret(database: str, data_dir: Path) -> None:
    target = ProviderTarget("upstream", "http://127.0.0.1:1/v1", None)
    settings.configure(data=data_dir, database_url=database, secret_key="one")
    keys = [(await prepare(Lists("known"), target, Knows()))[Mode.DEFAULT].key for _ in range(2)]
    settings.configure(data=data_dir, database_url=database, secret_key="two")
    keys.append((await prepare(Lists("known"), target, Knows()))[Mode.DEFAULT].key)
    assert keys[0] == keys[1] != keys[2]


async def test_an_upstream_without_models_is_a_failure_that_changes_nothing(database: str) -> None:
    before = await offered(Lists("known"))
    with pytest.raises(ProviderFailed, match="no models"):
        await offered(Lists())
    with db.transaction(writes=False) as session:
        assert find_outdated(session, [before]) == []
