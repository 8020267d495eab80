"""The demo's paywall is made once, and follows its provider."""

from app import db
from app.adapters.provider_demo import DemoProvider
from app.adapters.tokens_tiktoken import TiktokenCounter
from app.domain import clock
from app.domain.money import NANOS
from app.flows.demo_data import PAYWALL_ID, prepare
from app.flows.ports import CataloguePrice, ChatProvider, ProviderAnswer, ProviderTarget
from app.flows.snapshot import Snapshot, read_snapshot


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
        return CataloguePrice(3 * NANOS, 9 * NANOS, NANOS, 1_000) if model == "known" else None


async def offered(provider: ChatProvider, name: str = "upstream") -> Snapshot:
    paywall = await prepare(provider, ProviderTarget(name, "http://127.0.0.1:1/v1", None), Knows())
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


async def test_a_model_that_vanished_has_no_price_any_more(database: str) -> None:
    await offered(Lists("known", "other"))
    snapshot = await offered(Lists("known"))
    assert (set(snapshot.offers), snapshot.unpriced) == ({"known"}, {"other"})


async def test_the_demo_provider_brings_its_own_prices(database: str) -> None:
    snapshot = await offered(DemoProvider(TiktokenCounter(), clock.now), "demo")
    assert set(snapshot.offers) == {"demo-mini", "demo-large"}
    assert all(offer.context_tokens_max and offer.part_tokens_max for offer in snapshot.offers.values())
