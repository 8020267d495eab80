"""What is asked on the chat page goes the way of every request, and is kept in the conversation that it names."""

import pytest

from app.api.talk.asking import again_of, way_of
from tests.support.books import assert_books_balance
from tests.support.credits import credits_of
from tests.support.talking import QUESTION, events, talking

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_an_answer_streams_is_paid_with_credits_and_kept(database: str) -> None:
    async with talking("ada@example.org") as (ada, _):
        name = await ada.begin()
        answer = await ada.ask(conversation_id=name)
        *deltas, done = events(answer)
        text = "".join(one["delta"] for one in deltas if "delta" in one)
        assert (done["event"], done["credits_charged"]) == ("done", 1) and text
        assert ada.person is not None and credits_of(ada.person).posted_nanos == 19_000_000_000
        found = (await ada.page.get(f"/talk/conversations/{name}")).json()
        (turn,) = found["turns"]
        assert (turn["id"], turn["question"]) == (answer.headers["x-request-id"], QUESTION[0]["content"])
        assert [(one["leg"], one["text"]) for one in turn["answers"]] == [(0, text)]
        receipt = (await ada.page.get(f"/talk/receipts/{turn['id']}")).json()
        assert (receipt["is_final"], receipt["credits"]) == (True, 1)
        again = await ada.ask(conversation_id=name, again=f"{turn['id']}:0")
        assert again.status_code == 200
        turns = (await ada.page.get(f"/talk/conversations/{name}")).json()["turns"]
        assert [one["again_of"] for one in turns] == [None, [turn["id"], 0]]
    assert_books_balance()


@pytest.mark.unhurried
async def test_nobody_asks_in_anothers_name_or_anothers_conversation(database: str) -> None:
    async with talking("ada@example.org", "eve@example.org") as (ada, eve, nobody):
        name = await ada.begin()
        assert (await nobody.ask()).status_code == 401
        assert (await eve.ask(conversation_id=name)).status_code == 404
        ada.page.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await ada.ask()).status_code == 403
        ada.page.headers["Sec-Fetch-Site"] = "same-origin"
        assert (await ada.ask("chat", model="demo-mini")).status_code == 402
        assert (await ada.ask("chat", again_of="req_1")).status_code == 400
        assert (await ada.ask("nothing")).status_code in (404, 405)
        assert (await ada.page.get(f"/talk/conversations/{name}")).json()["turns"] == []


def test_a_path_and_a_header_mean_one_thing_or_nothing() -> None:
    assert [way_of(path) for path in ("/talk/chat", "/talk/most", "/talk/chat/", "/talk")] == ["chat", None, None, None]
    assert again_of("req_0mx1:12") == ("req_0mx1", 12)
    assert [again_of(text) for text in (None, "", "req_1", "req_1:", "req_1:x", "conv_1:1", "req_1:100")] == [None] * 7
