"""A paywall's providers: each is tried before it is saved, its key sealed, its models priced.

A key is sealed for its provider, and goes only to the host that it was saved with: another name or another address
needs the key again. A model stays with who serves it until the developer says otherwise.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, CoinslotError, ProviderFailed
from app.domain.paywalls import configuration
from app.domain.paywalls.changes import Section
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.members import Act, Manager, check_may
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.provider import DEMO, ProviderSetting, check_allowed, check_providers, origin_of
from app.domain.paywalls.versions import Edition
from app.domain.pricing import price_book
from app.domain.pricing.tables import RetiredBecause
from app.domain.providers import refusals
from app.flows.catalogue.defaults import Filled, fill_prices
from app.flows.paywalls.change import Part
from app.flows.paywalls.demo import BESIDE
from app.flows.paywalls.prices import PriceRules, check_shares, stand_on_cost
from app.flows.providers.proof import Proof, prove_key
from app.ports.providers import Providers
from app.ports.seal import Sealer

MODELS_MAX = 1_000
"""How many of a provider's models are offered; OpenRouter lists some 400."""
MODELS_NAMED_MAX = 5
"""How many models a refusal names."""


@dataclass(frozen=True, slots=True)
class TriedProvider:
    """A provider that answered: how it is saved, its key sealed, and the models that it lists.

    It takes the place of the one of its name, of the one called `in_place_of` with all that one serves, or the last.
    """

    setting: ProviderSetting
    models: tuple[str, ...]
    in_place_of: str | None = None
    unreached: str = ""
    """Why nobody was reached, of one that is saved all the same."""
    proof: Proof = field(default_factory=Proof)
    """What proves its key, or why nothing does."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A provider that shall serve no more; without `with_models` it may serve none, else they go off with it."""

    name: str
    with_models: bool = False


class Unreached(BadField):
    """A provider that did not answer at all; only its developer knows whether it will."""

    code = "provider_unreachable"


@dataclass(frozen=True, slots=True)
class Connected:
    """The models that a provider lists, and whether one of them answered by its key."""

    models: tuple[str, ...]
    proof: Proof


async def try_connection(providers: Providers, setting: ProviderSetting, api_key: str | None) -> Connected:
    """Asks a provider for its models, and one of them for a word: its list alone may be anybody's to read.

    Raises BadField, which says what is wrong with address or key, Unreached where nobody answers there.
    """
    try:
        provider, target = providers.reach(setting, api_key)
        models = await provider.list_models(target)
        proof = await prove_key(provider, target, setting, models) if models and setting.has_own_key else Proof()
    except ProviderFailed as failure:
        of_developer = "api_key" if failure.status in (401, 403) else "base_url"
        field = "provider" if setting.is_operators else of_developer
        said = failure.said.get("message")
        detail = f" It says: {said}" if isinstance(said, str) else ""
        kind = Unreached if failure.status is None and field == of_developer else BadField
        raise kind(field, f"{failure.message}{detail}") from None
    if not models:
        raise BadField("base_url", "The provider lists no models.")
    # Of the demo's provider some are the operator's own paywall's, where they show what credits can do.
    offered = [model for model in models if setting.name != DEMO or model not in BESIDE]
    return Connected(tuple(offered[:MODELS_MAX]), proof)


async def try_provider(
    providers: Providers,
    sealer: Sealer,
    manager: Manager,
    wanted: ProviderSetting,
    api_key: str | None,
    *,
    is_untried_ok: bool = False,
) -> TriedProvider:
    """Tries a provider that a manager wants, and returns what can be saved of it.

    Without `api_key` the saved one of its name stays, where one is needed. One that nobody can reach is returned only
    if `is_untried_ok`; what refuses never is. Raises BadField, Unreached, NotAllowed, NotFound.
    """

    def read(session: Session) -> tuple[Paywall, Configuration]:
        check_may(session, manager, Act.SET_UP)
        return configuration.read_current(session, manager.paywall_id)

    paywall, current = await db.in_transaction(read)
    check_allowed(paywall.mode, paywall.environment, wanted)
    before = current.find_provider(wanted.name)
    wanted = replace(wanted, key_sealed=None, is_seal_old=False)
    if not wanted.has_own_key:
        api_key = None
    elif api_key is None and before is not None and before.key_sealed is not None:
        if origin_of(wanted.base_url) != origin_of(before.base_url):
            raise BadField("api_key", "`api_key` is needed again: a saved key is never sent to another address.")
        api_key = sealer.open(before.key_sealed, before.seal_context(paywall.id))
        wanted = wanted if before.is_seal_old else replace(wanted, key_sealed=before.key_sealed)
    if api_key is not None and wanted.key_sealed is None:
        wanted = replace(wanted, key_sealed=sealer.seal(api_key, wanted.seal_context(paywall.id)))
    try:
        connected = await try_connection(providers, wanted, api_key)
        return TriedProvider(wanted, connected.models, proof=connected.proof)
    except Unreached as unreached:
        if not is_untried_ok:
            raise
        return TriedProvider(wanted, (), unreached=unreached.message)


def key_ending(sealer: Sealer, paywall_id: str, setting: ProviderSetting) -> str | None:
    """Returns the last four characters of a provider's key, which is all that is ever shown; None without a key.

    Empty for a key that cannot be opened any more: it must be given again.
    """
    if setting.key_sealed is None:
        return None
    try:
        return sealer.open(setting.key_sealed, setting.seal_context(paywall_id))[-4:]
    except CoinslotError:
        return ""


def provider(rules: PriceRules) -> Part[TriedProvider, Filled]:
    """Returns the part of one provider: it is saved with prices for what it offers. It raises BadField."""

    def edit(edition: Edition, tried: TriedProvider) -> Filled:
        _put(edition, tried)
        offers = fill_prices(edition, tried.setting.name, tried.models, rules.catalogue)
        if edition.paywall.rules.is_split:
            stand_on_cost(edition, rules.catalogue)
            check_shares(edition, rules)
        return offers

    return Part(Section.PROVIDERS, edit)


def _put(edition: Edition, tried: TriedProvider) -> None:
    current, wanted = edition.configuration, tried.setting
    replaced = current.find_provider(wanted.name)
    if tried.in_place_of is not None:
        replaced = current.provider_of(tried.in_place_of)
    if replaced is None:
        listed = (*current.providers, wanted)
    else:
        listed = tuple(wanted if provider is replaced else provider for provider in current.providers)
    check_providers(listed)
    if not tried.unreached or replaced is None or replaced.key_sealed != wanted.key_sealed:
        refusals.forget(edition.session, edition.paywall.id, wanted.name if replaced is None else replaced.name)
    edition.configuration = replace(current, providers=listed)
    if replaced is not None:
        price_book.move_models(edition, {replaced.name: edition.configuration.as_stored(wanted.name)})


def leaving() -> Part[Leaving, tuple[str, ...]]:
    """Returns the part that takes a provider off a paywall, and tells which models are off since.

    They come back only by the developer. Where it was the default, the next one is. It raises BadField, also for the
    only one and for one that serves models which shall not go.
    """

    def edit(edition: Edition, wanted: Leaving) -> tuple[str, ...]:
        name, current = wanted.name, edition.configuration
        current.provider_of(name)
        left = tuple(provider for provider in current.providers if provider.name != name)
        if not left:
            raise BadField("provider", "A paywall needs a provider: put another one in the place of this.")
        if current.providers[0].name == name:
            _make_default(edition, left[0].name)
        latest = price_book.read_latest(edition.session, edition.paywall.id)
        rows = [row for row in latest.values() if row.provider == name]
        served = tuple(row.model for row in rows if row.retired_at is None)
        if served and not wanted.with_models:
            more = len(served) - MODELS_NAMED_MAX
            named = ", ".join(served[:MODELS_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
            raise BadField("provider", f"`{name}` serves {named}: they would go off with it.")
        for row in rows:
            if not price_book.retire(edition, row.model):
                row.retired_because = RetiredBecause.DEVELOPER  # what comes back by itself would come back to nobody
        edition.configuration = replace(edition.configuration, providers=left)
        refusals.forget(edition.session, edition.paywall.id, name)
        return served

    return Part(Section.PROVIDERS, edit)


def default_provider() -> Part[str, None]:
    """Returns the part that says who serves a model for which the developer names nobody: the provider of that name.

    No model goes from one to another by that. It raises BadField.
    """
    return Part(Section.PROVIDERS, _make_default)


def _make_default(edition: Edition, name: str) -> None:
    current = edition.configuration
    chosen, before = current.provider_of(name), current.providers[0]
    if chosen is not before:
        others = (provider for provider in current.providers if provider is not chosen)
        edition.configuration = replace(current, providers=(chosen, *others))
        price_book.move_models(edition, {None: before.name, name: None})
