"""A developer's provider: tried before it is saved, its key sealed, its models priced.

A key goes only to the host that it was saved with: another address needs the key again.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from app import db
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField, ProviderFailed
from app.domain.paywalls import configuration
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import ProviderSetting
from app.domain.paywalls.versions import open_edition
from app.domain.pricing.price_book import read_offers
from app.domain.pricing.split import check_share
from app.flows.catalogue.defaults import fill_prices
from app.flows.events.tell import publish_and_tell
from app.flows.paywalls.prices import PriceRules, stand_on_cost
from app.ports.providers import Providers
from app.ports.seal import Sealer

MODELS_MAX = 1_000
"""How many of a provider's models are offered; OpenRouter lists some 400."""


@dataclass(frozen=True, slots=True)
class SavedProvider:
    """What a provider that was saved offers: models with a price, and those that need one first."""

    version: int
    priced: tuple[str, ...]
    unpriced: tuple[str, ...]


async def try_connection(providers: Providers, setting: ProviderSetting, api_key: str | None) -> list[str]:
    """Returns the models that a provider lists. Raises BadField, which says what is wrong with address or key."""
    try:
        provider, target = providers.reach(setting, api_key)
        models = await provider.list_models(target)
    except ProviderFailed as failure:
        of_developer = "api_key" if failure.status in (401, 403) else "base_url"
        field = "provider" if setting.is_operators else of_developer
        said = failure.said.get("message")
        detail = f" It says: {said}" if isinstance(said, str) else ""
        raise BadField(field, f"{failure.message}{detail}") from None
    if not models:
        raise BadField("base_url", "The provider lists no models.")
    return models[:MODELS_MAX]


async def save_provider(
    providers: Providers,
    sealer: Sealer,
    rules: PriceRules,
    paywall_id: str,
    wanted: ProviderSetting,
    api_key: str | None,
) -> SavedProvider:
    """Tries a provider and publishes it, with prices for what it offers.

    Without `api_key` the saved one stays, where one is needed.
    Raises BadField, NotFound.
    """
    paywall, current = await db.in_transaction(lambda session: configuration.read_current(session, paywall_id))
    configuration.check_provider(paywall.mode, paywall.environment, wanted)
    key_sealed = None
    if not wanted.has_own_key:
        api_key = None
    elif api_key is not None:
        key_sealed = sealer.seal(api_key, f"provider_key:{paywall_id}")
    elif current.provider.key_sealed is not None:
        if _origin(wanted.base_url) != _origin(current.provider.base_url):
            raise BadField("api_key", "`api_key` is needed again: a saved key is never sent to another address.")
        key_sealed = current.provider.key_sealed
        api_key = sealer.open(key_sealed, f"provider_key:{paywall_id}")
    models = await try_connection(providers, wanted, api_key)
    published = replace(wanted, key_sealed=key_sealed)

    def save(session: db.Session) -> SavedProvider:
        edition = open_edition(session, paywall_id, None)
        edition.configuration = replace(edition.configuration, provider=published)
        priced, unpriced = fill_prices(edition, models, rules.catalogue)
        terms = terms_of(paywall.mode, published.name, rules.fee_basis_points)
        if terms is not None:
            if published.is_operators:
                stand_on_cost(edition, rules.catalogue)
            for offer in read_offers(session, paywall_id, paywall.unit).priced.values():
                check_share(terms, offer.price)
        return SavedProvider(publish_and_tell(edition, Section.PROVIDERS), tuple(priced), tuple(unpriced))

    return await db.in_transaction(save, writes=True)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
