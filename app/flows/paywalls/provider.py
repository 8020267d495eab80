"""A developer's provider: tried before it is saved, its key sealed, its models priced.

A key goes only to the host that it was saved with: another address needs the key again.
"""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from app import db
from app.domain.earnings.charge_split import terms_of
from app.domain.errors import BadField, ProviderFailed
from app.domain.paywalls import configuration
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration, ProviderSetting
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.versions import Edition
from app.domain.pricing.price_book import read_offers
from app.domain.pricing.split import check_share
from app.flows.catalogue.defaults import fill_prices
from app.flows.paywalls.change import Part
from app.flows.paywalls.prices import PriceRules, stand_on_cost
from app.ports.providers import Providers
from app.ports.seal import Sealer

MODELS_MAX = 1_000
"""How many of a provider's models are offered; OpenRouter lists some 400."""


@dataclass(frozen=True, slots=True)
class TriedProvider:
    """A provider that answered: how it is saved, its key sealed, and the models that it lists."""

    setting: ProviderSetting
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedProvider:
    """What a provider that was saved offers: models with a price, and those that need one first."""

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


async def try_provider(
    providers: Providers, sealer: Sealer, manager: Manager, wanted: ProviderSetting, api_key: str | None
) -> TriedProvider:
    """Tries a provider that a manager wants, and returns what can be saved of it.

    Without `api_key` the saved one stays, where one is needed. Raises BadField, NotAllowed, NotFound.
    """

    def read(session: Session) -> tuple[Paywall, Configuration]:
        check_may(session, manager, Act.SET_UP)
        return configuration.read_current(session, manager.paywall_id)

    paywall, current = await db.in_transaction(read)
    configuration.check_provider(paywall.mode, paywall.environment, wanted)
    key_sealed = None
    if not wanted.has_own_key:
        api_key = None
    elif api_key is not None:
        key_sealed = sealer.seal(api_key, f"provider_key:{paywall.id}")
    elif current.provider.key_sealed is not None:
        if _origin(wanted.base_url) != _origin(current.provider.base_url):
            raise BadField("api_key", "`api_key` is needed again: a saved key is never sent to another address.")
        key_sealed = current.provider.key_sealed
        api_key = sealer.open(key_sealed, f"provider_key:{paywall.id}")
    models = await try_connection(providers, wanted, api_key)
    return TriedProvider(replace(wanted, key_sealed=key_sealed), tuple(models))


def provider(rules: PriceRules) -> Part[TriedProvider, SavedProvider]:
    """Returns the part of the provider: it is saved with prices for what it offers. It raises BadField."""

    def edit(edition: Edition, tried: TriedProvider) -> SavedProvider:
        edition.configuration = replace(edition.configuration, provider=tried.setting)
        priced, unpriced = fill_prices(edition, tried.models, rules.catalogue)
        terms = terms_of(edition.paywall.mode, tried.setting.name, rules.fee_basis_points)
        if terms is not None:
            if tried.setting.is_operators:
                stand_on_cost(edition, rules.catalogue)
            for offer in read_offers(edition.session, edition.paywall.id, edition.paywall.unit).priced.values():
                check_share(terms, offer.price)
        return SavedProvider(tuple(priced), tuple(unpriced))

    return Part(Section.PROVIDERS, edit)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
