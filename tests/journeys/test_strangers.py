"""What any browser can send: every event handler of every state, called as nobody and as somebody else.

Nothing of the victim's may change, and nothing of it may come back.
"""

import asyncio
import uuid

import pytest

from tests.journeys.site import Site
from tests.journeys.strangers import (
    Victim,
    attack,
    everything,
    handlers,
    of_victim,
    page_paths,
    sign_in,
    states,
    visit,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]


async def test_nobody_changes_or_reads_anything(site: Site, victim: Victim) -> None:
    assert len(handlers()) > 30
    before = everything()
    heard = await attack(site, victim, None)
    assert everything() == before
    assert heard and not [secret for secret in victim.secrets if secret in heard]


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
    paths = page_paths(victim).values()
    shown = "".join(await asyncio.gather(*(visit(site, victim, victim.cookie, path, []) for path in paths)))
    missing = [secret for secret in victim.secrets[:6] if secret not in shown]
    assert not missing, missing
    for never in (victim.cookie, victim.key):
        assert never not in shown


async def test_the_victim_does_change_it_all(site: Site, victim: Victim) -> None:
    """The attack above would have done harm if the handlers had let it: it does so with the victim's own cookie."""
    before = of_victim(everything(), victim)
    await attack(site, victim, victim.cookie)
    after = of_victim(everything(), victim)
    changed = {table for table in before if before[table] != after[table]}
    expected = {"account", "account_key", "sign_in_session", "paywall_authorization", "spending_cap", "topup"}
    assert expected <= changed, expected - changed


def test_no_browser_sets_a_variable() -> None:
    """Reflex has a handler for that on every state; it finds no setter, so it can set nothing."""
    found = {f"{state.__name__}.{name}" for state in states() for name in dir(state) if name.startswith("set_")}
    assert {name.rpartition(".")[2] for name in found} == {"set_is_hydrated"}, found


def test_no_handler_fell_over(site: Site) -> None:
    """What the attacks before sent was refused by rules, not by accidents."""
    assert not [line for line in site.log.read_text().splitlines() if "step=event" in line]
