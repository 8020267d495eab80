"""Every page of a paywall and every handler of it, called by each role: what the policy allows happens, nothing else.

Pages and handlers are found, not listed; whoever adds one is tested here without naming it.
"""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.domain.paywalls.configuration import read_current
from app.flows.people.demo_people import OPERATOR
from app.web.pages import PAGES
from tests.journeys.site import Site
from tests.journeys.strangers import ROUND_SECONDS, Victim, arguments, handlers, send, sign_in, silence, socket
from tests.support.owned import Owned, make_owned

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

OF_PAYWALL, LAST = "[paywall]", "/danger"
PAGES_AT_ONCE = 4
TABLES = ("paywall_version", "paywall_key", "paywall_icon", "paywall_member", "change", "model_price",
          "limit_override", "webhook_subscription")  # fmt: skip


def rows_of(paywall_id: str) -> Mapping[str, list[str]]:
    """Returns all that is set up of a paywall, its own row under `paywall`."""
    asked = {"id": paywall_id}
    with db.transaction(writes=False) as session:
        own = session.execute(text("SELECT version, archived_at IS NULL FROM paywall WHERE id = :id"), asked)
        found = {"paywall": [repr(row) for row in own]}
        for table in TABLES:
            rows = session.execute(text(f"SELECT * FROM {table} WHERE paywall_id = :id"), asked)  # noqa: S608
            found[table] = sorted(map(repr, rows))
    return found


async def call_everything(site: Site, victim: Victim, owned: Owned, cookie: str | None) -> str:
    """Opens each page of a paywall and calls all that its state answers to; returns what came back.

    A few pages at once, and behind them the one that archives the paywall, which ends what the others can do.
    """
    turn = asyncio.Semaphore(PAGES_AT_ONCE)

    async def call(page: Any) -> str:
        async with turn:
            return await _call_page(site, victim, owned, cookie, page)

    pages = [page for page in PAGES if OF_PAYWALL in page.route and page.on_load]
    first = await asyncio.gather(*(call(page) for page in pages if not page.route.endswith(LAST)))
    return "".join([*first, *[await call(page) for page in pages if page.route.endswith(LAST)]])


async def _call_page(site: Site, victim: Victim, owned: Owned, cookie: str | None, page: Any) -> str:
    path = f"{page.route.replace(OF_PAYWALL, owned.id).replace('[user]', victim.user)}/"
    state = page.on_load.state_full_name
    opener = f"{state}.{page.on_load.fn.__name__}"
    called = [(name, function) for name, function in handlers() if name.rpartition(".")[0] == state]
    async with socket(site, cookie) as (client, heard):
        await send(client, opener, {}, path)
        await silence(heard, ROUND_SECONDS)
        for name, function in called:
            if name != opener:
                await send(client, name, _arguments(function, victim, owned), path)
        await silence(heard, ROUND_SECONDS)
    return "".join(heard)


def _arguments(function: Any, victim: Victim, owned: Owned) -> dict[str, Any]:
    known = {"key_id": owned.key_id, "is_archived": True, "is_asking": True, "is_shown": True}
    return {name: known.get(name, value) for name, value in arguments(function, victim, 0).items()}


@pytest.mark.parametrize("role", ["nobody", "end user", "another developer"])
async def test_whoever_is_nothing_to_a_paywall_learns_and_changes_nothing(
    site: Site, victim: Victim, role: str
) -> None:
    owned = make_owned(f"Quokka {uuid.uuid4().hex[:6]}", "owner-of-roles@example.org")
    cookie = {"nobody": None, "end user": victim.cookie}.get(role)
    if role == "another developer":
        rival = make_owned("Rival", f"rival-{uuid.uuid4().hex[:6]}@example.org")
        _, cookie = await sign_in(site, rival.owner)
    before = rows_of(owned.id)
    heard = await call_everything(site, victim, owned, cookie)
    assert rows_of(owned.id) == before and heard and owned.name not in heard and owned.key[-4:] not in heard


async def test_an_operator_looks_on_and_archives(site: Site, victim: Victim) -> None:
    owned = make_owned(f"Quokka {uuid.uuid4().hex[:6]}", "owner-of-roles@example.org")
    _, cookie = await sign_in(site, OPERATOR)
    before = rows_of(owned.id)
    heard = await call_everything(site, victim, owned, cookie)
    after = rows_of(owned.id)
    assert owned.name in heard and owned.key not in heard
    assert {table for table in before if before[table] != after[table]} == {"paywall", "change"}
    with db.transaction(writes=False) as session:
        assert read_current(session, owned.id)[0].is_archived


async def test_the_owner_changes_it_and_still_is_told_no_secret(site: Site, victim: Victim) -> None:
    """The attacks above would have done harm if the handlers had let them."""
    owned = make_owned(f"Quokka {uuid.uuid4().hex[:6]}", f"owner-{uuid.uuid4().hex[:6]}@example.org")
    _, cookie = await sign_in(site, owned.owner)
    before = rows_of(owned.id)
    heard = await call_everything(site, victim, owned, cookie)
    after = rows_of(owned.id)
    assert owned.name in heard and owned.key not in heard and "sealed" not in heard
    assert {"paywall", "paywall_key", "change"} <= {table for table in before if before[table] != after[table]}
