"""What the chat page reads is its own person's."""

from dataclasses import replace

import pytest

from app import settings
from app.flows.paywalls.demo import FAILING
from tests.support.credits import FREE, PRICED
from tests.support.talking import talking

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_the_page_is_told_its_models_and_what_an_answer_did_cost(database: str) -> None:
    async with talking("ada@example.org", "eve@example.org") as (ada, eve, nobody):
        room = (await ada.page.get("/talk/room")).json()
        assert room["keeps_nothing"] is False and {"chat", "compare", "blend", "judge"} <= set(room["modes"])
        assert {"id": "demo-free", "name": "demo-free", "is_free": True, "price": "Free"} in room["models"]
        request_id = (await ada.ask()).headers["x-request-id"]
        assert (await ada.page.get(f"/talk/receipts/{request_id}")).json()["credits"] == 1
        assert (await eve.page.get(f"/talk/receipts/{request_id}")).status_code == 404
        for path in ("/talk/room", f"/talk/receipts/{request_id}", "/talk/conversations"):
            assert (await nobody.page.get(path)).status_code == 401


@pytest.mark.unhurried
async def test_without_credits_there_is_nothing_to_read(database: str) -> None:
    async with talking("ada@example.org") as (ada, _):
        settings.configure(data=settings.get().data, database_url=database)  # of the live ones there are none
        assert (await ada.page.get("/talk/room")).status_code == (await ada.ask()).status_code == 404


@pytest.mark.unhurried
async def test_models_that_failed_when_they_were_asked_last_are_offered_last(database: str) -> None:
    flaky = replace(PRICED, model=FAILING)
    async with talking("ada@example.org", prices=(FREE, flaky, PRICED)) as (ada, _):
        offered = [one["id"] for one in (await ada.page.get("/talk/room")).json()["models"]]
        assert offered == ["demo-free", "demo-mini", FAILING]
