"""The demo's data, made through the same doors as anybody's: a default-mode sandbox paywall with prices and a key."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app import db, settings
from app.domain.errors import ProviderFailed
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls import configuration, keys
from app.domain.paywalls.configuration import Configuration, Mode, ProviderSetting
from app.domain.paywalls.tables import Paywall
from app.domain.pricing import price_book
from app.domain.pricing.price_book import NewPrice
from app.flows.ports import ChatProvider, PriceCatalogue, ProviderTarget
from app.flows.price_defaults import default_price

PAYWALL_ID = "pw_demo_default"
MARKUP_BASIS_POINTS = 2_000
UNKNOWN_INPUT_NANOS, UNKNOWN_OUTPUT_NANOS = 1 * NANOS, 2 * NANOS
"""What an upstream's model costs where the catalogue has no price: $1 and $2 per million tokens."""

UNKNOWN_PART_TOKENS = 10_000
"""The bound of an image, sound or file of such a model: what it used is charged, so this only has to be enough."""

_DEMO_MODELS = (
    NewPrice("demo-mini", 150_000_000, 600_000_000, 75_000_000, display_name="Demo mini",
             description="Quick, believable text without a provider.", context_tokens_max=128_000,
             output_tokens_max=16_384, part_tokens_max=1_500),
    NewPrice("demo-large", 2_500_000_000, 10_000_000_000, 1_250_000_000, display_name="Demo large",
             description="The same, priced like a large model.", context_tokens_max=128_000,
             output_tokens_max=16_384, part_tokens_max=1_500),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoPaywall:
    """The demo's paywall, its key in clear, and a model that it offers."""

    id: str
    key: str
    model: str


async def prepare(provider: ChatProvider, target: ProviderTarget, catalogue: PriceCatalogue) -> DemoPaywall:
    """Makes or updates the demo's paywall for this provider, and returns it. Raises ProviderFailed."""
    models = await provider.list_models(target)
    if not models:
        raise ProviderFailed(f"The provider {target.name} offers no models.")
    prices = [_price(model, catalogue) for model in models]
    wanted = Configuration(
        app_name="Lexica",
        app_url="https://lexica.example",
        return_origins=("http://localhost", "http://127.0.0.1"),
        provider=ProviderSetting(target.name, target.base_url),
    )
    key = keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], PAYWALL_ID)
    await db.in_transaction(lambda session: _write(session, wanted, prices, key), writes=True)
    return DemoPaywall(PAYWALL_ID, key, models[0])


def _price(model: str, catalogue: PriceCatalogue) -> NewPrice:
    for known in _DEMO_MODELS:
        if known.model == model:
            return replace(known, markup_basis_points=MARKUP_BASIS_POINTS)
    return default_price(model, catalogue, MARKUP_BASIS_POINTS) or NewPrice(
        model,
        UNKNOWN_INPUT_NANOS,
        UNKNOWN_OUTPUT_NANOS,
        markup_basis_points=MARKUP_BASIS_POINTS,
        part_tokens_max=UNKNOWN_PART_TOKENS,
    )


def _write(session: Session, wanted: Configuration, prices: list[NewPrice], key: str) -> None:
    if session.get(Paywall, PAYWALL_ID) is None:
        configuration.create_paywall(session, PAYWALL_ID, Mode.DEFAULT, Environment.SANDBOX, Unit.USD, wanted)
        apply_one(session, BumpEpoch(configuration.epoch_subject(PAYWALL_ID)))
    elif configuration.read_current(session, PAYWALL_ID)[1] != wanted:
        configuration.publish(session, PAYWALL_ID, wanted)
    keys.add_key(session, PAYWALL_ID, key)
    offered = price_book.read_offers(session, PAYWALL_ID, Unit.USD).priced
    for price in prices:
        price_book.set_price(session, PAYWALL_ID, price)
    for model in set(offered) - {price.model for price in prices}:
        price_book.retire(session, PAYWALL_ID, model)
