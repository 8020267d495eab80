"""What any browser can send: every event handler and every route, called as nobody and as somebody else.

Nothing of the victim's may change, and nothing of it may come back.
"""

import asyncio
import inspect
import json
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import reflex as rx
import socketio
from sqlalchemy import text

from app import db, settings
from app.domain.authorizations.authorizations import list_of
from app.domain.people.account_keys import make_account_key
from app.domain.people.accounts import list_identities
from app.domain.people.sessions import Person
from app.flows.authorize import approve
from app.flows.demo_data import SHARED_PAYWALL_ID
from app.flows.links import mint_connect, mint_menu, mint_topup
from app.flows.sign_in import find_person
from app.web.pages import PAGES
from tests.api.browser import Browser
from tests.flows.crowd import MAILBOX, top_up
from tests.journeys.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NAMESPACE = "/_event"
SETTLE_SECONDS = 0.4
TABLES = (
    "account", "identity", "account_key", "sign_in_session", "paywall_authorization", "spending_cap", "shared_wallet",
    "trial_grant", "topup", "ledger_account", "ledger_transfer", "ledger_budget", "ledger_hold", "request",
)  # fmt: skip


@dataclass(frozen=True)
class Victim:
    """Somebody with something to lose; `secrets` are texts that nobody else may read.

    Their ids are no secrets: the attacker knows them here, and sends them.
    """

    person: Person
    cookie: str
    authorization_id: str
    identity_id: str
    links: Mapping[str, str]
    secrets: tuple[str, ...]


@pytest.fixture
def at_home(site: Site) -> Iterator[None]:
    """Lets this process read and write the site's database."""
    settings.configure(data=site.data, public_url=site.base_url)
    yield
    db.dispose()
    settings.configure()


async def sign_in(site: Site, email: str) -> tuple[Person, str]:
    browser = Browser(site.base_url, site.inbox)
    browser.sign_in(email)
    person = await find_person(browser.session)
    assert person is not None and browser.session is not None
    return person, browser.session


@pytest.fixture
async def victim(site: Site, at_home: None) -> Victim:
    email = f"victim-{uuid.uuid4().hex[:8]}@example.org"
    person, cookie = await sign_in(site, email)
    user = f"user-of-{person.account_id}"
    top_up(person, 7_770_000_000)
    await approve(MAILBOX, mint_connect(SHARED_PAYWALL_ID, user), person, 31_000_000_000)
    assert site.chat(user).headers["x-paywall-action"] == "none"
    with db.transaction() as session:
        key = make_account_key(session, person.account_id)
        (app,) = list_of(session, person.account_id, "sandbox")
        (identity,) = list_identities(session, person.account_id)
    links = {
        "authorize": mint_connect(SHARED_PAYWALL_ID, user),
        "topup": mint_topup(SHARED_PAYWALL_ID, user),
        "menu": mint_menu(SHARED_PAYWALL_ID, user),
    }
    secrets = (email, email.split("@")[0], "7.96 USDC", "31.00 USDC", key[-4:], key, cookie)
    return Victim(person, cookie, app.id, identity.id, links, secrets)


def everything() -> Mapping[str, list[Any]]:
    """Returns every row that may not change; accounts that a job folds into are left to the audit."""
    where = {"ledger_account": " WHERE kind IN ('wallet', 'promo')"}
    with db.transaction(writes=False) as session:
        return {
            table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}{where.get(table, '')}"))))  # noqa: S608
            for table in TABLES
        }


def handlers() -> list[tuple[str, Any]]:
    """Returns the full name and the function of every event handler of our own states, Reflex's own included."""
    assert PAGES
    found: list[tuple[str, Any]] = []
    waiting: list[type[rx.State]] = list(rx.State.__subclasses__())
    while waiting:
        state = waiting.pop()
        waiting += state.__subclasses__()
        for name, handler in state.event_handlers.items():
            found.append((f"{state.get_full_name()}.{name}", handler.fn))
    return sorted(found, key=lambda item: item[0])


def arguments(function: Any, victim: Victim, variant: int) -> dict[str, Any]:
    """Returns what an attacker would send: the victim's own ids wherever they fit."""
    ids = (victim.authorization_id, victim.identity_id, victim.person.session_id, victim.person.account_id)
    known = {
        "authorization_id": victim.authorization_id, "identity_id": victim.identity_id,
        "session_id": victim.person.session_id, "cap": "1", "amount": "5", "form": {"name": "Mallory", "cap": "1"},
        "is_asked": True,
    }  # fmt: skip
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return {name: known.get(name, ids[variant % len(ids)]) for name in names}


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
        await client.disconnect()


async def send(client: socketio.AsyncClient, name: str, payload: Mapping[str, Any], path: str) -> None:
    router = {"pathname": path, "query": {}, "asPath": path}
    await client.emit("event", {"name": name, "payload": payload, "router_data": router}, namespace=NAMESPACE)


def path_of(name: str, victim: Victim) -> str:
    """Returns the page that a handler belongs to, behind the victim's own link."""
    for kind, token in victim.links.items():
        if kind in name.split(".")[-2]:
            return f"/{kind}/{token}/"
    return next((f"/{page}/" for page in ("wallet", "activity", "settings", "mail") if page in name), "/signin/")


def of_victim(rows: Mapping[str, list[Any]], victim: Victim) -> Mapping[str, list[Any]]:
    """Returns the rows that are the victim's own."""
    ids = (victim.person.account_id, victim.person.session_id, victim.authorization_id)
    return {table: [row for row in found if any(known in row for known in ids)] for table, found in rows.items()}


async def attack(site: Site, victim: Victim, cookie: str | None) -> str:
    """Calls every handler twice, in an order in which earlier ones prepare later ones; returns what came back."""
    found = handlers()
    async with socket(site, cookie) as (client, heard):
        for variant in range(4):
            for name, function in found:
                await send(client, name, arguments(function, victim, variant), path_of(name, victim))
            await asyncio.sleep(SETTLE_SECONDS)
        await asyncio.sleep(2)
    return "".join(heard)


async def test_nobody_changes_or_reads_anything(site: Site, victim: Victim) -> None:
    assert len(handlers()) > 30
    before = everything()
    heard = await attack(site, victim, None)
    assert everything() == before
    assert heard and not [secret for secret in victim.secrets if secret in heard]
    assert "Internal" not in heard


async def test_another_person_changes_and_reads_nothing_of_the_victims(site: Site, victim: Victim) -> None:
    _stranger, cookie = await sign_in(site, f"stranger-{uuid.uuid4().hex[:8]}@example.org")
    before = of_victim(everything(), victim)
    assert all(before[table] for table in ("account", "identity", "paywall_authorization", "spending_cap"))
    heard = await attack(site, victim, cookie)
    assert of_victim(everything(), victim) == before
    assert "stranger-" in heard and not [secret for secret in victim.secrets if secret in heard]
    assert site.audit() == "The books balance."


async def test_the_victim_does_see_it_all(site: Site, victim: Victim) -> None:
    """The attack above would notice if there were something to read."""
    async with socket(site, victim.cookie) as (client, heard):
        for name, function in handlers():
            if name.endswith(".watch"):
                await send(client, name, arguments(function, victim, 0), path_of(name, victim))
        await asyncio.sleep(3)
    shown = "".join(heard)
    missing = [secret for secret in victim.secrets[:5] if secret not in shown]
    assert not missing, missing
    for never in (victim.cookie, victim.secrets[5]):
        assert never not in shown


def test_no_route_tells_or_does_anything_without_its_own_key(site: Site, victim: Victim) -> None:
    document = httpx.get(f"{site.base_url}/openapi.json").json()
    user, before, tried = f"user-of-{victim.person.account_id}", everything(), 0
    callers: tuple[dict[str, str], ...] = (
        {}, {"Authorization": "Bearer sk-coinslot-test-" + "0" * 49}, {"Cookie": f"coinslot_session={victim.cookie}"},
    )  # fmt: skip
    for path, operations in document["paths"].items():
        address = f"{site.base_url}{path}".replace("{request_id}", "req_none").replace("{model}", "demo-mini")
        for method in operations if path.startswith("/v1") else ():
            for headers in callers:
                answer = httpx.request(method, address, params={"user": user}, headers=headers, json={"user": user})
                assert answer.status_code == 401, (method, path, answer.status_code)
                tried += 1
    assert tried >= 30 and everything() == before


def test_another_paywalls_developer_sees_and_moves_nothing(site: Site, victim: Victim) -> None:
    user = f"user-of-{victim.person.account_id}"
    request_id = site.chat(user).headers["x-request-id"]
    before = of_victim(everything(), victim)
    assert site.call("GET", f"/requests/{request_id}").status_code == 200
    assert site.call("GET", f"/requests/{request_id}", mode="default").status_code == 404
    assert site.call("GET", f"/user/balance?user={user}", mode="default").json()["balance"] == "0"
    assert not site.call("POST", "/user/charge", {"user": user, "amount": "1"}, mode="default").json()["success"]
    assert site.call("POST", "/user/disconnect", {"user": user}, mode="default").status_code == 403
    assert of_victim(everything(), victim) == before


def test_nothing_secret_is_in_what_browsers_load(site: Site) -> None:
    key = (site.data / "secret.key").read_text().strip()
    secrets = [key, site.inbox.url, *site.keys.values(), str(site.data)]
    assert all(len(secret) > 8 for secret in secrets)
    files = [path for path in Path(site.data / "web" / "build" / "client").rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], path
