"""The demo's data, made through the same doors as anybody's: two sandbox paywalls with prices and a key each.

One is in default mode, one in shared mode. The operator's own, for credits, offers all that the provider has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS, Environment
from app.domain.paywalls import keys
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.paywall import credits_paywall_id
from app.domain.paywalls.provider import ProviderSetting
from app.domain.paywalls.tables import PaywallRow
from app.domain.paywalls.versions import open_edition, open_first_edition
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.flows.catalogue.defaults import default_price
from app.flows.events.tell import publish_and_tell
from app.flows.wallets.credits import keep_sandbox
from app.ports.prices import PriceCatalogue
from app.ports.providers import ChatProvider, ProviderTarget

PAYWALL_ID, SHARED_PAYWALL_ID = "pw_demo_default", "pw_demo_shared"
CREDITS_PAYWALL_ID = credits_paywall_id(Environment.SANDBOX)
DEMO_PAYWALLS = frozenset((PAYWALL_ID, SHARED_PAYWALL_ID, CREDITS_PAYWALL_ID))
_IDS = {Mode.DEFAULT: PAYWALL_ID, Mode.SHARED: SHARED_PAYWALL_ID}
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
FAILING = "demo-flaky"
"""The model that is there to fail; the dearest, so that nobody is led to it who leaves the model to us."""
_OF_CREDITS = (
    NewPrice("demo-free", 0, 0, display_name="Demo free", description="Costs nothing for what it uses.",
             context_tokens_max=128_000, output_tokens_max=16_384, part_tokens_max=1_500),
    replace(_DEMO_MODELS[1], model=FAILING, display_name="Demo flaky", input_nanos=3_000_000_000,
            output_nanos=12_000_000_000, cached_input_nanos=1_500_000_000,
            description="Fails before every second answer, to try what happens then."),
)  # fmt: skip
"""What the operator's own paywall offers beside, to show what credits can do."""

BESIDE = frozenset(price.model for price in _OF_CREDITS)
"""Models of the demo's provider that no paywall begins with but the operator's own."""


@dataclass(frozen=True, slots=True)
class DemoPaywall:
    """A paywall of the demo, its key in clear, and a model that it offers."""

    id: str
    key: str
    model: str


async def prepare(
    provider: ChatProvider, target: ProviderTarget, catalogue: PriceCatalogue, secret: bytes
) -> Mapping[Mode, DemoPaywall]:
    """Makes or updates the demo's paywalls for this provider, and returns them by mode. Raises ProviderFailed."""
    models = await provider.list_models(target)
    if not models:
        raise ProviderFailed(f"The provider {target.name} offers no models.")
    prices = [_price(model, catalogue) for model in models if model not in BESIDE]
    setting = ProviderSetting(target.name, target.base_url)
    origins = ("http://localhost", "http://127.0.0.1")
    wanted = {
        Mode.DEFAULT: Configuration("Lexica", (setting,), "https://lexica.example", origins),
        Mode.SHARED: Configuration(
            "Marginalia",
            (setting,),
            "https://marginalia.example",
            origins,
            app_text="Notes in the margin",
        ),
    }
    return {
        mode: await _prepare(mode, configuration, prices, models[0], secret) for mode, configuration in wanted.items()
    }


async def prepare_credits(provider: ChatProvider, target: ProviderTarget, catalogue: PriceCatalogue) -> str:
    """Makes or updates the paywall of play credits for this provider, and returns its id. Raises ProviderFailed."""
    prices = [_price(model, catalogue) for model in await provider.list_models(target)]
    return await keep_sandbox(ProviderSetting(target.name, target.base_url), prices)


async def _prepare(mode: Mode, wanted: Configuration, prices: list[NewPrice], model: str, secret: bytes) -> DemoPaywall:
    paywall_id = _IDS[mode]
    key = keys.derive_key(Environment.SANDBOX, secret, paywall_id)
    await db.in_transaction(lambda session: _write(session, paywall_id, mode, wanted, prices, key), writes=True)
    return DemoPaywall(paywall_id, key, model)


def demo_price(model: str, markup_basis_points: int) -> NewPrice | None:
    """Returns what a model of the demo's provider costs with this markup; None for any other model.

    What that provider asks is on record, so that a newcomer sees a margin.
    """
    known = next((price for price in (*_DEMO_MODELS, *_OF_CREDITS) if price.model == model), None)
    if known is None:
        return None
    asked = ListPrice(known.input_nanos, known.output_nanos, known.cached_input_nanos)
    return replace(known, markup_basis_points=markup_basis_points, cost=asked)


def _price(model: str, catalogue: PriceCatalogue) -> NewPrice:
    if (known := demo_price(model, MARKUP_BASIS_POINTS)) is not None:
        return known
    return default_price(model, catalogue, MARKUP_BASIS_POINTS) or NewPrice(
        model,
        UNKNOWN_INPUT_NANOS,
        UNKNOWN_OUTPUT_NANOS,
        markup_basis_points=MARKUP_BASIS_POINTS,
        part_tokens_max=UNKNOWN_PART_TOKENS,
    )


def _write(
    session: Session, paywall_id: str, mode: Mode, wanted: Configuration, prices: list[NewPrice], key: str
) -> None:
    unit = RULES[mode].unit
    if session.get(PaywallRow, paywall_id) is None:
        edition = open_first_edition(session, paywall_id, mode, Environment.SANDBOX, unit, wanted)
    else:
        edition = open_edition(session, paywall_id, None)
        edition.configuration = wanted
    offered = price_book.read_offers(session, paywall_id, unit).priced
    price_book.set_prices(edition, prices)
    for model in set(offered) - {price.model for price in prices}:
        price_book.retire(edition, model)
    publish_and_tell(edition, Section.VERSION)
    keys.add_key(session, paywall_id, key)
