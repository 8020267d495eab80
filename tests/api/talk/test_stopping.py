"""Somebody on the chat page ends one of the models they asked: its call ends, the others go on, others' stay."""

import asyncio
from collections.abc import Sequence

import pytest

from app import wiring
from app.domain.pricing.price_book import NewPrice
from app.wiring.answering.modes import modes_of
from tests.support.books import assert_books_balance
from tests.support.talking import Talker, events, talking
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql
FREE = [NewPrice(name, 0, 0) for name in ("demo-free", "demo-mini", "demo-large")]


def running() -> Sequence[str]:
    return list(modes_of(wiring.get()).running._panels)


async def stop(talker: Talker, request_id: str, leg: int) -> tuple[int, bool | None]:
    answer = await talker.page.post(f"/talk/stop/{request_id}/{leg}")
    return answer.status_code, answer.json().get("stopped")


@pytest.mark.unhurried
async def test_one_model_is_stopped_by_whoever_asked_it_and_the_others_go_on(database: str) -> None:
    async with talking("ada@example.org", "eve@example.org", prices=FREE, has_pauses=True) as (ada, eve, nobody):
        name = await ada.begin()
        long = [{"role": "user", "content": "Say it all again. " * 400}]
        asking = asyncio.create_task(
            ada.ask("compare", models=["demo-free", "demo-mini"], messages=long, conversation_id=name)
        )
        await until(lambda: bool(running()))
        (request_id,) = running()
        first, _ = modes_of(wiring.get()).running._panels[request_id].answering
        await until(lambda: first.delivered > 0)
        assert [(await stop(one, request_id, 0))[0] for one in (eve, nobody)] == [404, 401]
        assert [(await stop(ada, request_id, leg))[0] for leg in (2, 99, 100)] == [404, 404, 400]
        ada.page.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await stop(ada, request_id, 0))[0] == 403
        ada.page.headers["Sec-Fetch-Site"] = "same-origin"
        assert await stop(ada, request_id, 0) == (200, True)
        heard = events(await asking)
        assert await stop(ada, request_id, 0) == (404, None) and running() == []
        ended = {one["leg"]: (one["status"], one["reason"]) for one in heard if one.get("event") == "leg"}
        assert ended == {0: ("cut", "stopped"), 1: ("answered", None)}
        said = "".join(one["delta"] for one in heard if one.get("delta") and one["leg"] == 0)
        (turn,) = (await ada.page.get(f"/talk/conversations/{name}")).json()["turns"]
        assert [(one["text"] == said, one["error"]) for one in turn["answers"]] == [(True, "stopped"), (False, "")]
    assert_books_balance()
