"""Whatever goes wrong with what is said in our own name, an answer that was delivered is settled."""

import json
from typing import Any

import pytest

from app import db
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS
from app.domain.usage.idempotency import ChatAnswer, claim
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording, worded
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, receipt
from tests.support.scripted import DONE, LAST, USAGE, Scripted, event, flows, request, whole

SAID: dict[str, Any] = {"action": "none"}
WORDS = "entirely believable words without any end "


def fails(*_: object) -> Any:
    raise ValueError("A template that cannot be filled.")


def unwritable(*_: object) -> Any:
    return {"action": object()}


BROKEN = {
    "what it cost": Wording(fails, lambda _: Stop("Top up.", {"action": "topup"})),
    "what it cost is no JSON": Wording(unwritable, lambda _: Stop("Top up.", {"action": "topup"})),
    "the link": Wording(lambda _: SAID, fails),
    "the link is no text": Wording(lambda _: SAID, lambda _: Stop("\ud800", {"action": "topup"})),
    "the link is no JSON": Wording(lambda _: SAID, lambda _: Stop("", {"action": object()})),
}


def test_what_cannot_be_said_is_left_out() -> None:
    assert worded(lambda: "said", "", "req_1") == "said"
    assert worded(fails, "left out", "req_1") == "left out"


async def _carried(provider: Scripted, wording: Wording, nanos: int, *, key: bool, **more: Any) -> bytes:
    snapshot, sent = make_snapshot(), [b""]
    await give(snapshot, "ada", nanos)

    async def send(data: bytes) -> None:
        sent.append(data)

    def keep(_settled: Applied, last: bytes) -> ChatAnswer:
        return ChatAnswer(last.decode(), is_stream=True)

    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        claimed = claim("k", snapshot.paywall_id, "chat", "ada", b"{}") if key else None
        run = await chat.begin(snapshot, "ada", request(**more), "req_1", None, claimed)
        assert isinstance(run, Run)
        if run.leg.request.is_stream:
            await send(await carrier.stream(run, send, wording, keep if key else None))
        else:
            sent.append(await carrier.whole(run, wording, keep if key else None))
    shown = receipt(snapshot)
    assert (shown.status, balance(snapshot).held_nanos) == ("settled", 0)
    assert balance(snapshot).posted_nanos < nanos
    with db.transaction(writes=False):
        assert_books_balance()
    return b"".join(sent)


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("wording", BROKEN.values(), ids=BROKEN)
async def test_a_stream_whose_money_ran_out_is_settled_whatever_is_said(
    migrated_sqlite_url: str, wording: Wording, key: bool
) -> None:
    provider = Scripted(*(event(WORDS * 5) for _ in range(200)), LAST, DONE)
    options = {"stream_options": {"include_usage": True}}
    sent = await _carried(provider, wording, 4_000_000, key=key, stream=True, **options)
    assert sent.endswith(DONE)


@pytest.mark.parametrize("key", [False, True])
async def test_a_stream_that_came_to_its_end_is_settled_whatever_is_said(migrated_sqlite_url: str, key: bool) -> None:
    options = {"stream_options": {"include_usage": True}}
    sent = await _carried(
        Scripted(event("Hi"), LAST, DONE), BROKEN["what it cost"], NANOS, key=key, stream=True, **options
    )
    assert sent.endswith(DONE)


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("wording", [BROKEN["what it cost"], BROKEN["what it cost is no JSON"]])
async def test_a_whole_answer_is_settled_whatever_is_said(
    migrated_sqlite_url: str, wording: Wording, key: bool
) -> None:
    answer = Scripted(whole("Hi", usage=USAGE), content_type="application/json")
    sent = await _carried(answer, wording, NANOS, key=key)
    assert json.loads(sent)["choices"][0]["message"]["content"] == "Hi"
