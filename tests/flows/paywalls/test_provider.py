"""A developer's provider is tried before it is saved, in front of a real upstream process."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app import db, settings
from app.adapters.demo.provider import MODELS
from app.adapters.secret_box import SecretBox
from app.domain.errors import BadField, ProviderFailed, UnknownModel
from app.domain.money import NANOS, Unit
from app.domain.paywalls import configuration
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import DEMO, AuthStyle, ProviderSetting
from app.domain.pricing import price_book
from app.domain.pricing.list_price import ListPrice
from app.domain.pricing.price_book import NewPrice
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.flows.callers.snapshot import Snapshot
from app.flows.catalogue.defaults import Filled
from app.flows.chat.call import Run
from app.flows.chat.decide import find_offer
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import PriceRules
from app.flows.paywalls.provider import (
    MODELS_MAX,
    Leaving,
    TriedProvider,
    Unreached,
    key_ending,
    leaving,
    provider,
    try_connection,
    try_provider,
)
from app.ports.prices import CataloguePrice
from app.ports.providers import ProviderTarget
from app.wiring.adapters import ProvidersByName
from tests.emulators.upstream import RunningUpstream
from tests.support import books
from tests.support.books import give, make_snapshot, running_queue
from tests.support.chat import Chat
from tests.support.handed import change_newest, save_provider
from tests.support.managing import owner_of
from tests.support.scripted import COUNTER, Scripted, limiter, request

pytestmark = pytest.mark.plain_sql

KEY = "sk-developer-0123456789"


class Knows:
    """A catalogue that knows some of the emulator's models."""

    def find(self, model: str) -> CataloguePrice | None:
        return CataloguePrice(ListPrice(3 * NANOS, 9 * NANOS, NANOS), 1_000) if model in ("ok", "tools") else None


@pytest.fixture
async def providers(database: str) -> AsyncIterator[ProvidersByName]:
    settings.configure(data=settings.get().data, database_url=database, allow_private_addresses=True)
    made = ProvidersByName(settings.get(), COUNTER)
    yield made
    await made.close()


def setting(upstream: RunningUpstream, **more: object) -> ProviderSetting:
    return replace(ProviderSetting("emulator", upstream.base_url), **more)  # type: ignore[arg-type]


async def save(
    providers: ProvidersByName, snapshot: Snapshot, wanted: ProviderSetting, key: str | None = KEY, **more: str
) -> Filled:
    sealer = SecretBox(settings.get().secrets)
    return await save_provider(providers, sealer, Knows(), snapshot.paywall_id, wanted, key, **more)


def own_of(snapshot: Snapshot) -> ProviderSetting:
    """The provider that was saved."""
    return current(snapshot).provider_of("emulator")


def current(snapshot: Snapshot) -> Configuration:
    with db.transaction(writes=False) as session:
        return configuration.read_current(session, snapshot.paywall_id)[1]


def offers(snapshot: Snapshot) -> price_book.Offers:
    with db.transaction(writes=False) as session:
        return price_book.read_offers(session, snapshot.paywall_id, Unit.USD)


@pytest.mark.unhurried
async def test_a_provider_that_answers_is_saved_with_its_key_sealed_and_its_models_priced(
    providers: ProvidersByName, emulated: RunningUpstream
) -> None:
    snapshot = make_snapshot({"tools": NewPrice("tools", 1, 2)})
    saved = await save(providers, snapshot, setting(emulated))
    provider = own_of(snapshot)
    assert provider.key_sealed is not None and KEY not in provider.key_sealed
    assert {"ok", "tools"} == {*saved.priced, *saved.elsewhere} and "echo" in saved.unpriced
    found = offers(snapshot)
    assert (found.priced["ok"].price.output_nanos, found.priced["tools"].price.output_nanos) == (9 * NANOS, 2)
    with pytest.raises(UnknownModel) as refused:
        find_offer(replace(snapshot, offers=found.priced, unpriced=found.unpriced), "echo")
    assert refused.value.code == "model_not_priced"


@pytest.mark.unhurried
async def test_another_key_and_leaving_forget_what_was_refused_and_what_nobody_tried_does_not(
    providers: ProvidersByName, emulated: RunningUpstream
) -> None:
    snapshot = make_snapshot()
    await save(providers, snapshot, setting(emulated))

    def refuse(name: str) -> None:
        with db.transaction() as session:
            refusals.note(session, Refusal(snapshot.paywall_id, name, 401, "", 100, 100))

    def refusing() -> list[str]:
        with db.transaction(writes=False) as session:
            return [found.provider for found in refusals.list_of(session, snapshot.paywall_id)]

    refuse("emulator")
    refuse("demo")
    kept = TriedProvider(own_of(snapshot), (), unreached="Nobody answered.")
    await change_newest(snapshot.paywall_id, provider(PriceRules(Knows(), 100)), kept)
    assert refusing() == ["demo", "emulator"]
    await save(providers, snapshot, setting(emulated), "sk-another-0123456789")
    assert refusing() == ["demo"]
    await change_newest(snapshot.paywall_id, leaving(), Leaving("demo", with_models=True))
    assert refusing() == []


@pytest.mark.unhurried
@pytest.mark.parametrize(("auth", "header"), [(AuthStyle.BEARER, "authorization"), (AuthStyle.API_KEY, "api-key")])
async def test_a_chat_goes_where_and_as_the_setting_says(
    providers: ProvidersByName, emulated: RunningUpstream, auth: AuthStyle, header: str
) -> None:
    emulated.reset()
    snapshot, headers = make_snapshot({"demo-mini": NewPrice("demo-mini", 1, 2)}), (("x-title", "Lexica"),)
    address = emulated.base_url + "?api-version=2024-10-21"
    await save(providers, snapshot, setting(emulated, base_url=address, auth=auth, headers=headers), in_place_of="demo")
    snapshot = replace(snapshot, configuration=current(snapshot), epochs=())
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat = Chat(queue, providers, COUNTER, limiter())
        with pytest.raises(ProviderFailed):
            await chat.begin(snapshot, "ada", request(), "req_1", None)  # the emulator has no model of that name
    seen = emulated.seen()[0]["headers"]
    assert seen[header] == (KEY if auth is AuthStyle.API_KEY else f"Bearer {KEY}")
    assert (seen[":query"], seen["x-title"]) == ("api-version=2024-10-21", "Lexica")
    assert ("authorization" in seen) == (auth is AuthStyle.BEARER)


@pytest.mark.parametrize(
    ("changed", "key", "field"),
    [
        ({}, "sk-wrong", "api_key"),
        ({}, "sk-refused", "api_key"),
        ({"base_url": "http://127.0.0.1:1/v1"}, KEY, "base_url"),
        ({"base_url": "no address"}, KEY, "base_url"),
        ({"name": "built-in"}, KEY, "provider"),
    ],
)
async def test_what_does_not_answer_is_not_saved_and_says_why(
    providers: ProvidersByName, emulated: RunningUpstream, changed: dict[str, str], key: str, field: str
) -> None:
    snapshot = make_snapshot()
    before = current(snapshot)
    with pytest.raises(BadField) as refused:
        await save(providers, snapshot, setting(emulated, **changed), key)
    assert refused.value.field == field and KEY not in refused.value.message
    assert current(snapshot) == before


async def test_a_private_address_is_refused_unless_the_operator_allows_it(
    database: str, emulated: RunningUpstream
) -> None:
    providers = ProvidersByName(settings.get(), COUNTER)
    with pytest.raises(BadField, match="private address"):
        await save(providers, make_snapshot(), setting(emulated))
    await providers.close()


@pytest.mark.unhurried
async def test_a_saved_key_stays_and_never_goes_to_another_address(
    providers: ProvidersByName, emulated: RunningUpstream
) -> None:
    snapshot = make_snapshot()
    await save(providers, snapshot, setting(emulated))
    sealed = own_of(snapshot).key_sealed
    await save(providers, snapshot, setting(emulated, limit_field="max_tokens"), None)
    assert own_of(snapshot).key_sealed == sealed
    other_scheme = emulated.base_url.replace("http:", "https:")
    for address in ("https://elsewhere.example/v1", other_scheme, "http://127.0.0.1:1/v1"):
        with pytest.raises(BadField, match="another address"):
            await save(providers, snapshot, setting(emulated, base_url=address), None)


async def test_the_operators_key_is_there_where_the_operator_has_one(database: str) -> None:
    providers, built_in = ProvidersByName(settings.get(), COUNTER), ProviderSetting("built-in")
    with pytest.raises(ProviderFailed, match="not set up"):
        providers.find("pw_1", built_in)
    await providers.close()
    settings.configure(data=settings.get().data, database_url=database, openrouter_key="sk-or-operator")
    providers = ProvidersByName(settings.get(), COUNTER)
    target = providers.find("pw_1", built_in)[1]
    assert (target.base_url, target.api_key) == ("https://openrouter.ai/api/v1", "sk-or-operator")
    await providers.close()


class Lists(Scripted):
    """A provider that lists these models, or refuses to."""

    def __init__(self, listed: list[str] | ProviderFailed) -> None:
        super().__init__()
        self._listed = listed

    async def list_models(self, target: ProviderTarget) -> list[str]:
        if isinstance(self._listed, ProviderFailed):
            raise self._listed
        return self._listed


@pytest.mark.parametrize(
    ("listed", "field"),
    [
        (ProviderFailed("Refused.", 401), "api_key"),
        (ProviderFailed("Refused.", 403), "api_key"),
        (ProviderFailed("Refused.", 404), "base_url"),
        (ProviderFailed("Away."), "base_url"),
        ([], "base_url"),
    ],
)
async def test_what_is_wrong_with_a_provider_is_said_of_its_address_or_its_key(
    listed: list[str] | ProviderFailed, field: str
) -> None:
    with pytest.raises(BadField) as refused:
        await try_connection(Lists(listed), ProviderSetting("x", "https://x.example/v1"), KEY)
    assert refused.value.field == field


async def test_a_list_without_end_is_read_so_far() -> None:
    listed = [f"model-{number}" for number in range(MODELS_MAX + 1)]
    found = await try_connection(Lists(listed), ProviderSetting("x", "https://x.example/v1"), KEY)
    assert found.models == tuple(listed[:MODELS_MAX])


async def test_what_credits_show_is_in_no_developers_list() -> None:
    listed = [*MODELS, "demo-new"]
    found = await try_connection(Lists(listed), ProviderSetting(DEMO), None)
    assert found.models == ("demo-mini", "demo-large", "demo-new")
    elsewhere = await try_connection(Lists(listed), ProviderSetting("x", "https://x.example/v1"), KEY)
    assert elsewhere.models == tuple(listed), "whoever serves a model of that name otherwise has it"


async def test_a_public_list_proves_no_key_and_an_answer_does(
    providers: ProvidersByName, emulated: RunningUpstream
) -> None:
    snapshot, sealer = make_snapshot(), SecretBox(settings.get().secrets)
    manager = owner_of(snapshot.paywall_id)
    with pytest.raises(BadField, match="No auth credentials found") as refused:
        await try_provider(providers, sealer, manager, setting(emulated), "sk-refused-0123456789")
    assert refused.value.field == "api_key"
    tried = await try_provider(providers, sealer, manager, setting(emulated), KEY)
    assert tried.proof.model in tried.models and not tried.proof.doubt


def make_shared(price: NewPrice, provider: ProviderSetting) -> Snapshot:
    """Creates a shared paywall with a price of the developer's own, and a markup on all others."""
    snapshot = make_snapshot({price.model: price}, provider, Mode.SHARED)
    with db.transaction() as session:
        books.publish(session, snapshot.paywall_id, replace(current(snapshot), markup_basis_points=1_000))
    return snapshot


@pytest.mark.unhurried
async def test_own_prices_stand_on_cost_and_leave_a_share_once_the_operators_provider_is_saved(
    providers: ProvidersByName, emulated: RunningUpstream, database: str
) -> None:
    settings.configure(
        data=settings.get().data, database_url=database, allow_private_addresses=True,
        openrouter_key=KEY, openrouter_base=emulated.base_url,
    )  # fmt: skip
    providers, built_in = ProvidersByName(settings.get(), COUNTER), ProviderSetting("built-in")
    dear, cheap = NewPrice("ok", 30 * NANOS, 90 * NANOS), NewPrice("ok", 3 * NANOS, 9 * NANOS - 1)
    snapshot = make_shared(dear, built_in)
    assert "ok" in (await save(providers, snapshot, built_in, None)).priced
    with db.transaction(writes=False) as session:
        price = price_book.read_offers(session, snapshot.paywall_id, Unit.USDC).priced["ok"].price
    assert price.cost == ListPrice(3 * NANOS, 9 * NANOS, NANOS).to_price("ok", Unit.USDC)
    poor = make_shared(cheap, built_in)
    before = current(poor)
    with pytest.raises(BadField):
        await save(providers, poor, built_in, None)
    assert current(poor) == before
    await providers.close()


@pytest.mark.unhurried
@pytest.mark.parametrize(("name", "mode"), [("built-in", Mode.SHARED), ("demo", Mode.DEFAULT)])
async def test_a_provider_that_needs_no_key_takes_the_place_of_one_that_does(
    emulated: RunningUpstream, database: str, name: str, mode: Mode
) -> None:
    settings.configure(
        data=settings.get().data, database_url=database, allow_private_addresses=True,
        openrouter_key="sk-or-operator", openrouter_base=emulated.base_url,
    )  # fmt: skip
    providers = ProvidersByName(settings.get(), COUNTER)
    snapshot = make_snapshot({}, ProviderSetting(name), mode)
    with db.transaction() as session:
        books.publish(session, snapshot.paywall_id, replace(current(snapshot), markup_basis_points=1_000))
    await save(providers, snapshot, setting(emulated), in_place_of=name)
    assert current(snapshot).providers[0].key_sealed is not None
    for key in (None, KEY):
        await save(providers, snapshot, ProviderSetting(name), key, in_place_of=current(snapshot).providers[0].name)
        assert current(snapshot).providers == (ProviderSetting(name),)
    await providers.close()


async def test_the_operators_provider_is_not_saved_where_the_operator_has_none(providers: ProvidersByName) -> None:
    snapshot = make_shared(NewPrice("ok", NANOS, NANOS), ProviderSetting("built-in"))
    with pytest.raises(BadField, match="not set up") as refused:
        await save(providers, snapshot, ProviderSetting("built-in"), None)
    assert refused.value.field == "provider"


@pytest.mark.unhurried
async def test_a_run_has_the_price_of_the_catalogue(providers: ProvidersByName, emulated: RunningUpstream) -> None:
    snapshot = make_snapshot()
    await save(providers, snapshot, setting(emulated))
    snapshot = replace(snapshot, configuration=current(snapshot), offers=offers(snapshot).priced, epochs=())
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat = Chat(queue, providers, COUNTER, limiter())
        run = await chat.begin(snapshot, "ada", request(model="ok"), "req_1", None)
        assert isinstance(run, Run) and run.leg.offer.price.input_nanos == 3 * NANOS
        await chat.release(run)


async def test_one_that_nobody_reaches_is_saved_only_if_that_is_wanted(providers: ProvidersByName) -> None:
    snapshot, sealer = make_snapshot(), SecretBox(settings.get().secrets)
    away = ProviderSetting("away", "http://127.0.0.1:1/v1")
    owner = owner_of(snapshot.paywall_id)
    with pytest.raises(Unreached):
        await try_provider(providers, sealer, owner, away, KEY)
    tried = await try_provider(providers, sealer, owner, away, KEY, is_untried_ok=True)
    assert tried.models == () and tried.unreached
    assert (await change(owner, provider(PriceRules(Knows(), 100)), tried, 1)).version == 2
    saved = current(snapshot).provider_of("away")
    assert key_ending(sealer, snapshot.paywall_id, saved) == KEY[-4:]
    assert key_ending(SecretBox((b"another secret of this instance",)), snapshot.paywall_id, saved) == ""
    assert key_ending(sealer, snapshot.paywall_id, ProviderSetting("demo")) is None
