"""Fifty tabs that a developer left open cost next to nothing while nothing happens, whichever page they show."""

import asyncio
import uuid
from contextlib import AsyncExitStack
from itertools import cycle, islice

import pytest

from app.web.pages import PAGES
from tests.journeys.site import Site
from tests.journeys.sockets import cpu_seconds, heard_until, opening, raw
from tests.journeys.strangers import sign_in
from tests.support.owned import make_owned

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]

TABS = 50
SETTLES_SECONDS, IDLE_SECONDS = 8, 30
SHARE_MAX = 0.02
"""Of one core, for all of them together, above what the server uses with no tab open."""


async def share_of_a_core(site: Site) -> float:
    """Returns which part of one core the server uses, as the mean of a while."""
    before = cpu_seconds(site)
    await asyncio.sleep(IDLE_SECONDS)
    return (cpu_seconds(site) - before) / IDLE_SECONDS


async def test_fifty_idle_tabs_use_less_than_a_fiftieth_of_a_core(site: Site, at_home: None) -> None:
    owner = f"idle-{uuid.uuid4().hex[:8]}@example.org"
    _person, cookie = await sign_in(site, owner)
    paywall_id = make_owned("Quill", owner).id
    own = [page.route.replace("[paywall]", paywall_id) for page in PAGES if page.route.startswith("/paywalls/[")]
    paths = [f"{route}/" for route in own if "[" not in route]
    assert len(paths) >= 16
    alone = await share_of_a_core(site)
    async with AsyncExitStack() as stack:
        for path in islice(cycle(["/dashboard/", *paths]), TABS):
            socket = await stack.enter_async_context(raw(site, cookie))
            await socket.send_str(opening(path))
            await heard_until(socket, '"ready"')
        await asyncio.sleep(SETTLES_SECONDS)
        with_tabs = await share_of_a_core(site)
    print(f"{alone:.2%} of a core without a tab, {with_tabs:.2%} with {TABS}")
    assert with_tabs - alone < SHARE_MAX
