"""Every flow that manages a paywall, tried by every role; whoever may not changes nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import fields

import pytest

from app import db, settings
from app.adapters.secret_box import SecretBox
from app.domain.all_tables import METADATA
from app.domain.errors import NotAllowed, NotFound
from app.domain.paywalls.configuration import Disconnect, UserFrom
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.members import Act, Manager, Role, command_manager
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from app.flows.paywalls.change import Part, change
from app.flows.paywalls.keys import NewKey, RevokedKey
from app.flows.paywalls.limits import Override, Use
from app.flows.paywalls.messages import Endpoint
from app.flows.paywalls.owners import give_paywall
from app.flows.paywalls.parts import Parts
from app.flows.paywalls.prices import PriceRules, Prices
from app.flows.paywalls.profile import Alerting, Opening, Profile
from app.flows.paywalls.provider import Leaving, TriedProvider, try_provider
from app.flows.paywalls.users import Block, Freeze
from app.ports.prices import CataloguePrice
from app.ports.providers import ChatProvider, ProviderTarget
from tests.support import books
from tests.support.books import PRICE, make_snapshot
from tests.support.managing import OPERATOR, manager, own, person
from tests.support.pictures import icon
from tests.support.scripted import Scripted

pytestmark = pytest.mark.plain_sql

Flow = Callable[[Manager, str], Awaitable[object]]
"""A flow as somebody calls it; the text is the id of the paywall's key."""


class Nothing:
    """A catalogue that knows no model."""

    def find(self, model: str) -> CataloguePrice | None:
        return None


class Lists(Scripted):
    """A provider with one model."""

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self, ProviderTarget(setting.name, "https://x.example/v1", api_key)

    async def list_models(self, target: ProviderTarget) -> list[str]:
        return ["demo-mini"]


def parts() -> Parts:
    return Parts(SecretBox(settings.get().secrets), PriceRules(Nothing(), 100))


def through(find: Callable[[Parts], Part[object, object]], values: object) -> Flow:
    async def call(who: Manager, key_id: str) -> object:
        wanted = RevokedKey(key_id) if values is RevokedKey else values
        return await change(who, find(parts()), wanted, 2)

    return call


async def try_one(who: Manager, _key_id: str) -> object:
    lists = Lists()
    return await try_provider(lists, SecretBox(settings.get().secrets), who, ProviderSetting("demo"), None)


async def give_away(who: Manager, _key_id: str) -> object:
    return await give_paywall(who, "new@example.org")


BOTH = (ProviderSetting("demo"), ProviderSetting("second", "https://x.example/v1"))
PROFILE = Profile("Other", "", (), "", False, False, Disconnect.CANCEL, UserFrom.ANY)
FLOWS: dict[str, tuple[Act, Flow]] = {
    name: (Act.SET_UP, through(find, values))
    for name, find, values in (
        (
            "provider",
            lambda parts: parts.provider,
            TriedProvider(ProviderSetting("demo", "https://x/"), ("demo-mini",)),
        ),
        ("provider off", lambda parts: parts.leaving, Leaving("second", with_models=True)),
        ("default provider", lambda parts: parts.default_provider, "second"),
        ("own price", lambda parts: parts.prices, Prices(own=[NewPrice("demo-mini", 7, 7)])),
        ("model off", lambda parts: parts.prices, Prices(off=["demo-mini"])),
        ("templates", lambda parts: parts.templates, {"topup": "Pay {{ url }}"}),
        ("endpoint", lambda parts: parts.endpoint, Endpoint("https://x.example/")),
        ("limits", lambda parts: parts.limits, Use(PaywallLimits(user=Limits(concurrency=1)))),
        ("override", lambda parts: parts.overrides, Override(Scope.USER, "ada", Limits(concurrency=1))),
        ("new key", lambda parts: parts.keys, NewKey()),
        ("revoked key", lambda parts: parts.keys, RevokedKey),
        ("profile", lambda parts: parts.profile, PROFILE),
        ("zone", lambda parts: parts.zone, "Asia/Kolkata"),
        ("playground", lambda parts: parts.playground, Opening(is_open=True, requests_per_hour=9)),
        ("alerts", lambda parts: parts.alerts, Alerting(5)),
        ("icon", lambda parts: parts.icon, icon()),
        ("version", lambda parts: parts.version, 1),
    )
} | {
    "archive": (Act.ARCHIVE, through(lambda parts: parts.archive, True)),  # type: ignore[arg-type,return-value]
    "block": (Act.SET_UP, through(lambda parts: parts.blocks, Block("ada", True))),  # type: ignore[arg-type,return-value]
    "freeze": (Act.FREEZE, through(lambda parts: parts.freezes, Freeze("ada", True))),  # type: ignore[arg-type,return-value]
    "try provider": (Act.SET_UP, try_one),
    "give": (Act.HAND_OVER, give_away),
}
ROLES = {
    "owner": (True, "ada@example.org", True),
    "operator": (True, OPERATOR, True),
    "operator, of a paywall without owner": (False, OPERATOR, True),
    "operator who proved nothing now": (False, OPERATOR, False),
    "another's owner": (True, "bob@example.org", True),
    "end user": (True, "eve@example.org", True),
    "stranger": (False, "eve@example.org", True),
}
MAY = {
    "owner": {Act.SET_UP, Act.ARCHIVE},
    "operator": {Act.HAND_OVER, Act.ARCHIVE, Act.FREEZE},
    "operator, of a paywall without owner": {Act.SET_UP, Act.HAND_OVER, Act.ARCHIVE, Act.FREEZE},
}


def everything() -> list[object]:
    """Returns all rows of all tables, as they lie there."""
    with db.transaction(writes=False) as session:
        read = session.connection().connection.cursor().execute
        return [sorted(map(repr, read(f'SELECT * FROM "{table.name}"'))) for table in METADATA.sorted_tables]  # noqa: S608


@pytest.mark.unhurried
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.usefixtures("migrated_sqlite_url")
async def test_every_flow_is_for_the_roles_that_the_policy_says(role: str, flow: str) -> None:
    is_owned, email, is_proven = ROLES[role]
    act, call = FLOWS[flow]
    snapshot, other, who = make_snapshot(provider=BOTH), make_snapshot(), person(email, is_proven=is_proven)
    with db.transaction() as session:
        books.set_price(session, snapshot.paywall_id, NewPrice("demo-mini", 5, 5))
    if is_owned:
        own(snapshot.paywall_id, person("ada@example.org"))
    own(other.paywall_id, person("bob@example.org"))
    before = everything()
    if act in MAY.get(role, set()):
        await call(manager(snapshot.paywall_id, who), snapshot.key_id)
        assert (everything() == before) == (flow == "try provider")
        return
    with pytest.raises(NotAllowed if role in MAY else NotFound):
        await call(manager(snapshot.paywall_id, who), snapshot.key_id)
    for roles in (frozenset(Role), frozenset[Role]()):
        # Nor does it help to have been somebody, or to say so.
        forged = Manager(snapshot.paywall_id, who.account_id, role == "operator", roles)
        with pytest.raises((NotAllowed, NotFound)):
            await call(forged, snapshot.key_id)
    assert everything() == before


def test_every_part_is_tried() -> None:
    names = {name for name in dir(Parts) if not name.startswith("_")} - {field.name for field in fields(Parts)}
    tried = {"provider", "leaving", "default_provider", "prices", "templates", "endpoint", "limits", "overrides",
             "keys", "profile", "icon", "version", "archive", "blocks", "freezes", "zone", "alerts",
             "playground"}  # fmt: skip
    assert names == tried


async def test_a_command_may_all(database: str) -> None:
    snapshot = make_snapshot({"demo-mini": PRICE})
    with db.transaction(writes=False) as session:
        command = command_manager(session, snapshot.paywall_id)
    assert (await change(command, parts().profile, PROFILE, 1)).version == 2
