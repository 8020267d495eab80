"""Somebody with something to lose, everything that can be sent to a running product, and what comes back of it.

Handlers, pages and routes are found, not listed: what is added later is attacked without being named here, and
where this file does not know what to send, it fails and says so.
"""

import asyncio
import inspect
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import reflex as rx
import socketio
from sqlalchemy import text

from app import db, settings
from app.api.serving.http import create_api
from app.domain.authorizations.authorizations import list_of
from app.domain.ids import new_id
from app.domain.money import NANOS, Environment, Unit
from app.domain.orders.orders import NewOrder, make_order
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import Mode
from app.domain.people.account_keys import make_account_key
from app.domain.people.accounts import list_identities
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.shared import shared_wallet_id
from app.domain.wallets.wallets import end_user_id
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from app.flows.people.sign_in import find_person
from app.web.pages import PAGES
from tests.journeys.site import Site
from tests.support import books
from tests.support.browser import Browser
from tests.support.crowd import MAILBOX, top_up
from tests.support.handed import approve, mint_connect, mint_menu, mint_order, mint_topup

NAMESPACE = "/_event"
FIRST_SECONDS_MAX, LEAVE_SECONDS_MAX, WAITS_MAX = 10, 3, 10
ROUND_SECONDS, END_SECONDS = 0.6, 2
"""How long nothing must be heard before a round, and the whole attack, counts as answered."""
ROUNDS = 3
"""How often everything is called once its page is open."""
TABLES = (
    "account", "identity", "account_key", "sign_in_session", "paywall_authorization", "spending_cap", "shared_wallet",
    "trial_grant", "topup", "ledger_account", "ledger_transfer", "ledger_budget", "ledger_hold", "request",
    "end_user", "paywall_order",
)  # fmt: skip


@dataclass(frozen=True)
class Victim:
    """Somebody with something to lose; `secrets` are texts that nobody else may read.

    Their ids are no secrets: the attacker knows them here, and sends them.
    """

    person: Person
    cookie: str
    user: str
    authorization_id: str
    identity_id: str
    request_id: str
    links: Mapping[str, str]
    email: str
    key: str

    @property
    def secrets(self) -> tuple[str, ...]:
        seen = (self.email, self.email.split("@")[0], "7.96 USDC", "31.00 USDC", self.key[-4:], "The victim's book")
        return (*seen, self.key, self.cookie)

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.authorization_id, self.identity_id, self.person.session_id, self.person.account_id)


async def sign_in(site: Site, email: str) -> tuple[Person, str]:
    """Signs somebody in, and returns them with their cookie's value."""
    browser = Browser(site.base_url, site.inbox)
    browser.sign_in(email)
    person = await find_person(browser.session)
    assert person is not None and browser.session is not None
    return person, browser.session


async def make_victim(site: Site) -> Victim:
    """Makes somebody who allowed an app to charge them, and was charged."""
    email = f"victim-{uuid.uuid4().hex[:8]}@example.org"
    person, cookie = await sign_in(site, email)
    user = f"user-{uuid.uuid4().hex[:12]}"
    top_up(person, 7_770_000_000)
    await approve(MAILBOX, mint_connect(SHARED_PAYWALL_ID, user), person, 31_000_000_000)
    answered = site.chat(user)
    assert answered.headers["x-paywall-action"] == "none"
    with db.transaction() as session:
        key = make_account_key(session, person.account_id)
        (app,) = list_of(session, person.account_id, "sandbox")
        (identity,) = list_identities(session, person.account_id)
        order = make_order(session, NewOrder(SHARED_PAYWALL_ID, user, "The victim's book", None))
    links = {
        "authorize": mint_connect(SHARED_PAYWALL_ID, user),
        "topup": mint_topup(SHARED_PAYWALL_ID, user),
        "menu": mint_menu(SHARED_PAYWALL_ID, user),
        "order": mint_order(SHARED_PAYWALL_ID, user, order.id),
        "confirm": "top_forged",
        "sandbox": "sbc_forged",  # whoever has a checkout's address may pay it: that takes nothing from anybody
    }
    return Victim(person, cookie, user, app.id, identity.id, answered.headers["x-request-id"], links, email, key)


def make_rival_key() -> str:
    """Makes another developer's paywall in shared mode, and returns its key."""
    paywall_id = new_id("pw")
    key = keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], paywall_id)
    with db.transaction() as session:
        _, copied = read_current(session, SHARED_PAYWALL_ID)
        books.create_paywall(session, paywall_id, Mode.SHARED, Environment.SANDBOX, Unit.USDC, copied)
        books.set_price(session, paywall_id, NewPrice("demo-mini", NANOS, 2 * NANOS))
        keys.add_key(session, paywall_id, key)
    return key


def everything() -> Mapping[str, list[Any]]:
    """Returns every row that may not change; what jobs fold into accounts, and count, is left to the audit."""
    where = {"ledger_account": " WHERE kind IN ('wallet', 'promo')"}
    with db.transaction(writes=False) as session:
        return {
            table: sorted(
                repr([value for name, value in row.items() if name != "counted_nanos"])
                for row in session.execute(text(f"SELECT * FROM {table}{where.get(table, '')}")).mappings()  # noqa: S608
            )
            for table in TABLES
        }


def of_victim(rows: Mapping[str, list[Any]], victim: Victim) -> Mapping[str, list[Any]]:
    """Returns the rows that are the victim's own."""
    wallet_id = shared_wallet_id(victim.person.account_id, Environment.SANDBOX)
    ids = (victim.person.account_id, victim.person.session_id, victim.authorization_id, wallet_id)
    return {table: [row for row in found if any(known in row for known in ids)] for table, found in rows.items()}


def states() -> list[type[rx.State]]:
    """Returns every state that a page can have, Reflex's own included."""
    found: set[type[rx.State]] = set()
    waiting: list[type[rx.State]] = list(rx.State.__subclasses__())
    while waiting:
        state = waiting.pop()
        waiting += state.__subclasses__()
        if not state._mixin:
            found.add(state)
    return sorted(found, key=lambda state: state.get_full_name())


def handlers() -> list[tuple[str, Any]]:
    """Returns the full name and the function of every event handler, Reflex's own included."""
    found: list[tuple[str, Any]] = []
    for state in states():
        found += [(f"{state.get_full_name()}.{name}", handler.fn) for name, handler in state.event_handlers.items()]
    assert openers() <= {name for name, _ in found}
    return sorted(found, key=lambda item: item[0])


def openers() -> set[str]:
    """Returns the names of the handlers that open pages."""
    return {f"{page.on_load.state_full_name}.{page.on_load.fn.__name__}" for page in PAGES if page.on_load}


def arguments(function: Any, victim: Victim, variant: int) -> dict[str, Any]:
    """Returns what an attacker would send: the victim's own ids wherever they fit."""
    known = {
        "authorization_id": victim.authorization_id, "identity_id": victim.identity_id,
        "session_id": victim.person.session_id, "cap": "1", "amount": "5", "form": {
            "name": "Mallory", "cap": "1", "amount": "1", "click": "clk_x", "what": f"charge:{victim.request_id}",
            "to": "whs_x", "type": "paywall.archived",
        }, "is_blocked": True,
        "is_asked": True, "is_asking": True, "is_archived": True, "var_name": "is_hydrated", "value": True,
        "vars": {f"{state}._session_id_rx_state_": victim.person.session_id for state in page_paths(victim)},
    }  # fmt: skip
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return {name: known.get(name, victim.ids[variant % len(victim.ids)]) for name in names}


def page_paths(victim: Victim) -> dict[str, str]:
    """Returns where each page is found, behind the victim's own link where it needs one, by its state's name."""
    return {page.on_load.state_full_name: _filled(page.route, victim) for page in PAGES if page.on_load}


def _filled(route: str, victim: Victim) -> str:
    route = route.replace("[paywall]", SHARED_PAYWALL_ID).replace("[user]", end_user_id(SHARED_PAYWALL_ID, victim.user))
    before, is_behind_link, _ = route.partition("[token]")
    kind = route.strip("/").partition("/")[0]
    path = f"{before}{victim.links.get(kind, '[')}/" if is_behind_link else f"{route.rstrip('/')}/"
    assert "[" not in path, f"{route}: give the victim a link of the kind {kind!r}, or say here what else it needs"
    return path


@asynccontextmanager
async def socket(site: Site, cookie: str | None) -> AsyncIterator[tuple[socketio.AsyncClient, list[str]]]:
    """Opens a page's socket with a cookie or without; yields it and whatever comes back on it."""
    client, heard = socketio.AsyncClient(), list[str]()
    client.on("*", lambda _event, *data: heard.append(json.dumps(data, default=str)), namespace=NAMESPACE)
    headers = {"Cookie": f"coinslot_session={cookie}"} if cookie else {}
    await client.connect(
        f"{site.base_url}?token={uuid.uuid4()}", headers=headers, namespaces=[NAMESPACE], socketio_path=NAMESPACE,
        transports=["websocket"],
    )  # fmt: skip
    try:
        yield client, heard
    finally:
        # A client that leaves while something arrives can wait for its own queue for good, and be cancelled in vain.
        await asyncio.wait({asyncio.create_task(client.disconnect())}, timeout=LEAVE_SECONDS_MAX)


async def send(client: socketio.AsyncClient, name: str, payload: Mapping[str, Any], path: str) -> None:
    """Sends an event as a page does."""
    router = {"pathname": path, "query": {}, "asPath": path}
    await client.emit("event", {"name": name, "payload": payload, "router_data": router}, namespace=NAMESPACE)


async def silence(heard: list[str], seconds: float) -> None:
    """Waits until something came back, and nothing more for a while."""
    for _ in range(FIRST_SECONDS_MAX * 10):
        if heard:
            break
        await asyncio.sleep(0.1)
    for _ in range(WAITS_MAX):
        before = len(heard)
        await asyncio.sleep(seconds)
        if before == len(heard):
            return


async def attack(site: Site, victim: Victim, cookie: str | None) -> str:
    """Opens every page and calls all its handlers, several times with other arguments; returns what came back."""
    paths, names = page_paths(victim), [name for name, _ in handlers()]
    ours = {name.rpartition(".")[0] for name in names if ".app___" in name}
    assert ours == set(paths), "a state without a page: its handlers would be called where they do nothing"
    leaving = [name for name in names if name.endswith(".end_session")]  # it would sign out of what comes next
    waves = ([name for name in names if name not in leaving], leaving)
    heard = ""
    for wave in waves:
        by_state: dict[str, list[str]] = {}
        for name in wave:
            by_state.setdefault(name.rpartition(".")[0], []).append(name)
        heard += "".join(await asyncio.gather(*(
            visit(site, victim, cookie, paths.get(state, "/signin/"), called)
            for state, called in by_state.items()
        )))  # fmt: skip
    return heard


async def visit(site: Site, victim: Victim, cookie: str | None, path: str, names: list[str]) -> str:
    """Opens one page in a socket of its own and calls handlers of its state there; returns what came back."""
    functions = dict(handlers())
    opener = [name for name in openers() if page_paths(victim)[name.rpartition(".")[0]] == path]
    async with socket(site, cookie) as (client, heard):
        for variant, called in enumerate([opener, *[sorted(set(names) - set(opener))] * ROUNDS]):
            for name in called:
                await send(client, name, arguments(functions[name], victim, variant), path)
            await silence(heard, ROUND_SECONDS)
        await silence(heard, END_SECONDS)
    return "".join(heard)


@cache
def routes() -> tuple[tuple[str, str], ...]:
    """Returns the method and path of every route of the API, those that its document leaves out too, and chat."""
    return tuple(_routes())


def _routes() -> Iterator[tuple[str, str]]:
    yield "POST", "/v1/chat/completions"
    for route in create_api().routes:
        contexts: Any = route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route]
        for found in contexts:
            for method in sorted(found.methods - {"HEAD"}):
                yield method, found.path
