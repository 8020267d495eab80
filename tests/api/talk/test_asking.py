"""What is asked on the chat page goes the way of every request, and is kept in the conversation that it names."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app import db
from app.api.talk.asking import again_of, way_of
from app.domain.ledger.tables import LedgerBudget
from app.domain.money import NANOS, Environment
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.paywall import credits_paywall_id
from app.domain.pricing.price_book import NewPrice
from tests.support.books import assert_books_balance, publish
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


@pytest.mark.unhurried
async def test_what_a_key_may_do_each_account_may_on_the_page_that_has_none(database: str) -> None:
    async with talking("ada@example.org", "bob@example.org") as (ada, bob, _):
        limits = PaywallLimits(key=Limits(requests_per_minute=1, spend_per_day_nanos=2 * NANOS))
        with db.transaction() as session:
            paywall_id = credits_paywall_id(Environment.SANDBOX)
            publish(session, paywall_id, replace(read_current(session, paywall_id)[1], limits=limits))
        assert [(await who.ask()).status_code for who in (ada, ada, bob, bob)] == [200, 429, 200, 429]
        with db.transaction(writes=False) as session:
            caps = session.scalars(select(LedgerBudget)).all()
        assert [cap.spent for cap in caps] == [NANOS, NANOS], "a day's spending is each one's own too"


def test_a_path_and_a_header_mean_one_thing_or_nothing() -> None:
    assert [way_of(path) for path in ("/talk/chat", "/talk/room", "/talk/chat/", "/talk")] == ["chat", None, None, None]
    assert again_of("req_0mx1:12") == ("req_0mx1", 12)
    assert [again_of(text) for text in (None, "", "req_1", "req_1:", "req_1:x", "conv_1:1", "req_1:100")] == [None] * 7


@pytest.mark.unhurried
async def test_several_models_are_asked_side_by_side_and_all_of_it_is_kept(database: str) -> None:
    free = [NewPrice(name, 0, 0) for name in ("demo-free", "demo-mini", "demo-large")]
    async with talking("ada@example.org", prices=free) as (ada, _):
        name = await ada.begin()
        models = ["demo-free", "demo-mini"]
        own = {"demo-mini": [{"role": "user", "content": "Earlier"}, *QUESTION]}
        compared = await ada.ask("compare", models=models, own_messages=own, conversation_id=name)
        done = events(compared)[-1]
        assert (done["event"], done["mode"], done["credits_charged"]) == ("done", "compare", 1)
        judged = await ada.ask("judge", contestants=models, judge="demo-large", conversation_id=name)
        blended = await ada.ask("blend", models=models, synthesizer="demo-large", conversation_id=name)
        turns = (await ada.page.get(f"/talk/conversations/{name}")).json()["turns"]
        assert [(one["mode"], one["id"]) for one in turns] == [
            (mode, answer.headers["x-request-id"])
            for mode, answer in (("compare", compared), ("judge", judged), ("blend", blended))
        ]
        assert [[answer["leg"] for answer in one["answers"]] for one in turns] == [[0, 1], [0, 1], [0, 1, 2]]
        assert all(answer["text"] for one in turns for answer in one["answers"])
        assert "verdict" in turns[1]["beside"] and turns[2]["beside"]["synthesizer"]["leg"] == 2
        most = await ada.page.post("/talk/most/compare", json={"models": models, "messages": QUESTION})
        assert most.json() == {"at_most": "2 credits", "is_enough": True, "beside": ""}
        assert (await ada.ask("compare", models=models, conversation_id="conv_other")).status_code == 404
    assert_books_balance()
