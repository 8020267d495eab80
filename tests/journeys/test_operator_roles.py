"""Every page of operators and every handler of it, called by everybody else: nothing is told, and nothing happens.

Pages and handlers are found, not listed. The calls are those that act where an operator makes them, as the last test
sees; a handler that is added fails here until somebody says how it is called.
"""

import asyncio
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from app import db
from app.domain.leases import job_runs
from app.domain.money import Environment
from app.domain.wallets.shared import shared_wallet_id
from app.flows.people.demo_people import OPERATOR
from app.web.pages import PAGES
from tests.journeys.site import Site
from tests.journeys.strangers import END_SECONDS, ROUND_SECONDS, Victim, handlers, send, sign_in, silence, socket
from tests.support.owned import make_owned
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

PREFIX, PAGES_AT_ONCE = "/operator/", 4
READY = re.compile(r'"phase\w*": "ready"')
JOB, SETTING = "report-drift", "legal_name"
TABLES = ("operator_change", "instance_setting", "job_wish", "wallet_freeze", "payout", "payout_desk",
          "treasury_transfer", "fraud_warning")  # fmt: skip

REFLEXS_OWN = "setvar"
"""A handler that every state has; `tests/journeys/test_strangers.py` sends it."""

Call = tuple[str, Mapping[str, Any]]


class Told(NamedTuple):
    """What was tried: whose wallet, and the words that only an operator may read."""

    wallet_id: str
    secrets: tuple[str, ...]


@pytest.fixture
def told(victim: Victim) -> Told:
    owned = make_owned(f"Quokka {uuid.uuid4().hex[:6]}", f"owner-{uuid.uuid4().hex[:6]}@example.org")
    wallet_id = shared_wallet_id(victim.person.account_id, Environment.SANDBOX)
    with db.transaction() as session:
        job_runs.note(session, JOB, 3_600, 1, None)  # whoever asks for one that never ran is refused
    return Told(wallet_id, (owned.name, owned.owner, victim.email, JOB, "Largest top-up"))


def calls_of(route: str, wallet_id: str) -> Sequence[Call]:
    """Returns what is called on a page of operators, in this order, beside what opens it."""
    asked: Mapping[str, Sequence[Call]] = {
        "jobs": [("run_now", {"name": JOB})],
        "settings": [("edit", {"name": SETTING}), ("save", {"form": {"value": "Quokka & Sons"}}),
                     ("edit", {"name": SETTING}), ("give_back", {})],
        "wallets": [("ask", {"step": f"give:{wallet_id}"}), ("give", {"form": {"amount": "5", "reason": "An outage"}}),
                    ("ask", {"step": f"freeze:{wallet_id}"}), ("do_asked", {})],
        "treasury": [("ask", {"step": "pause:31337"}), ("do_asked", {}),
                     ("book", {"form": {"id": "out_x", "chain": "31337", "paywall": ""}})],
    }  # fmt: skip
    return asked.get(route.removeprefix(PREFIX), ())


def rows() -> Mapping[str, Any]:
    """Returns all that operators change by their pages, and what was ever given for goodwill."""
    with db.transaction(writes=False) as session:
        found: dict[str, Any] = {
            table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}"))))  # noqa: S608 - names of ours
            for table in TABLES
        }
        given = "SELECT count(*) FROM ledger_transfer WHERE debit_account_id LIKE '%:grants:%'"
        return {**found, "goodwill": session.execute(text(given)).scalar_one()}


async def call_everything(site: Site, told: Told, cookie: str | None, *, is_operator: bool = False) -> str:
    """Opens each page of operators and calls all that its state answers to; returns what came back."""
    turn = asyncio.Semaphore(PAGES_AT_ONCE)

    async def call(page: Any) -> str:
        async with turn:
            return await _call_page(site, told, cookie, page, is_operator)

    return "".join(await asyncio.gather(*(call(page) for page in PAGES if page.route.startswith(PREFIX))))


async def _call_page(site: Site, told: Told, cookie: str | None, page: Any, is_operator: bool) -> str:
    state, path = page.on_load.state_full_name, f"{page.route}/"
    opener, calls = page.on_load.fn.__name__, calls_of(page.route, told.wallet_id)
    own = {name.rpartition(".")[2] for name, _ in handlers() if name.rpartition(".")[0] == state}
    assert own - {opener, REFLEXS_OWN} == {name for name, _ in calls}, (
        f"{page.route}: say here how these are called: {own}"
    )
    async with socket(site, cookie) as (client, heard):
        for name, payload in ((opener, {}), *calls):
            await send(client, f"{state}.{name}", payload, path)
            if is_operator and name == opener:
                # A handler does nothing on a page that was not read yet.
                await until(lambda: READY.search("".join(heard)))
            await silence(heard, ROUND_SECONDS)
        if is_operator:
            await silence(heard, END_SECONDS)
    return "".join(heard)


@pytest.mark.parametrize("role", ["nobody", "end user", "developer"])
async def test_whoever_is_no_operator_learns_and_changes_nothing(site: Site, told: Told, role: str) -> None:
    cookie, email = None, f"somebody-{uuid.uuid4().hex[:6]}@example.org"
    if role == "developer":
        make_owned("Rival", email)
    if role != "nobody":
        _, cookie = await sign_in(site, email)
    before = rows()
    heard = await call_everything(site, told, cookie)
    assert rows() == before
    assert heard and not [secret for secret in told.secrets if secret in heard]


async def test_an_operator_reads_and_changes_it_all(site: Site, told: Told) -> None:
    """The attacks above would have told and done something if the handlers had let them."""
    _, cookie = await sign_in(site, OPERATOR)
    before = rows()
    heard = await call_everything(site, told, cookie, is_operator=True)
    after = rows()
    assert not [secret for secret in told.secrets if secret not in heard]
    changed = {table for table in before if before[table] != after[table]}
    assert {"operator_change", "wallet_freeze", "goodwill"} <= changed and "instance_setting" not in changed
    whats = "".join(sorted(set(after["operator_change"]) - set(before["operator_change"])))
    assert all(word in whats for word in (JOB, "Quokka & Sons", "An outage", "frozen"))
