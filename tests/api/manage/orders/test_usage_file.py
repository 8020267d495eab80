"""The file of an order is its user's: whoever else has the link finds nothing."""

from collections.abc import Iterator

import pytest

from app import wiring
from app.domain.legs.legs import Source
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Labels, Metered
from app.flows.chat.call import Run
from tests.support.books import make_snapshot, running_queue
from tests.support.crowd import connect, sign_in, top_up
from tests.support.handed import mint_order
from tests.support.ordered import order_of
from tests.support.own_pages import at_our_page
from tests.support.scripted import Scripted, flows, request

pytestmark = pytest.mark.plain_sql


@pytest.fixture(autouse=True)
def own_wiring() -> Iterator[None]:
    """Links are opened with the secrets of this test, not of whoever was wired in this process before."""
    wiring.replace(None)
    yield
    wiring.replace(None)


async def test_its_user_has_the_file_and_nobody_else(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    eve, _ = await sign_in("eve@example.org")
    await connect(snapshot, ada)
    top_up(ada, 5 * NANOS)
    order = order_of(snapshot, "u1", Source.PLATFORM)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "u1", request(), "req_1", None, labels=Labels("+s", None, order.id))
        assert isinstance(run, Run)
        await chat.settle(run, Metered(Tokens(2, 3)))
    token = mint_order(snapshot.paywall_id, "u1", order.id)
    for person, asked, status in ((ada, token, 200), (eve, token, 404), (None, token, 401), (ada, "forged", 404)):
        async with at_our_page(person) as page:
            answer = await page.get("/manage/order.csv", params={"token": asked})
        assert answer.status_code == status, (person, asked)
        if status == 200:
            assert f"{order.id},session,'+s,platform,1,5," in answer.text
        else:
            assert order.id not in answer.text
