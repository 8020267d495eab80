"""A chat begins on what holds now: a second door needs a call, and no more."""

from dataclasses import replace

import pytest

from app.domain.errors import BadField, Blocked, StaleDecision
from app.domain.money import NANOS
from app.domain.paywalls.configuration import UserPlace
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Call, Run
from app.flows.chat.told import Teller
from app.formats.openai_request import read_chat_request
from app.keeper import Keeper
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.chat import Chat
from tests.support.scripted import COUNTER, Scripted, flows, limiter

pytestmark = pytest.mark.plain_sql


def call_of(snapshot: Snapshot, user: str = "ada") -> Call:
    content = {"model": "m", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
    request = read_chat_request(content | {"model": next(iter(snapshot.offers))})
    return Call(snapshot=snapshot, user=user, user_from=UserPlace.BODY, request=request, request_id="req_1")


async def never(_snapshot: Snapshot) -> Snapshot:
    raise AssertionError("nothing has changed")


async def test_who_can_pay_is_answered_and_who_cannot_is_asked(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        door = chat.door
        begun = await door.begin(call_of(snapshot), None, never)
        assert isinstance(begun, Run)
        await chat.release(begun)
        poor = call_of(snapshot, "bob")
        poor.request_id = "req_2"
        asked = await door.begin(poor, None, never)
        assert isinstance(asked, Ask) and (asked.action, asked.balance_nanos) == ("topup", 0)
        assert 0 < asked.shortfall_nanos <= begun.held.amount
    assert_books_balance()


async def test_an_old_paywall_is_read_anew_and_the_call_knows_which_it_ran_on(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    old = replace(snapshot, epochs=tuple(replace(epoch, epoch=epoch.epoch + 7) for epoch in snapshot.epochs))
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())

        async def renew(found: Snapshot) -> Snapshot:
            assert found is old
            return snapshot

        call = call_of(old)
        begun = await chat.door.begin(call, None, renew)
        assert isinstance(begun, Run) and call.snapshot is snapshot
        await chat.release(begun)


async def test_a_wrong_way_back_is_refused_before_money_is_held(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        call = call_of(snapshot)
        call.return_url = "https://evil.example/"
        with pytest.raises(BadField) as refused:
            await chat.door.begin(call, None, never)
        assert refused.value.field == "X-Paywall-Return-Url"
    assert_books_balance()


async def test_what_a_rule_refuses_is_told(database: str) -> None:
    snapshot = replace(make_snapshot(), blocked=frozenset({"ada"}))
    told: list[str] = []

    class Listening(Teller):
        def refused(self, *refusal: object) -> None:
            told.append(str(refusal[1]))

    async with running_queue() as queue:
        chat = Chat(queue, Scripted(), COUNTER, limiter(), teller=Listening(Keeper()))
        with pytest.raises(Blocked):
            await chat.door.begin(call_of(snapshot), None, never)
    assert told == ["ada"]


async def test_a_paywall_that_keeps_changing_charges_nothing(database: str) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    old = replace(snapshot, epochs=tuple(replace(epoch, epoch=epoch.epoch + 7) for epoch in snapshot.epochs))

    async def renew(_found: Snapshot) -> Snapshot:
        return old

    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        with pytest.raises(StaleDecision):
            await chat.door.begin(call_of(old), None, renew)
    assert_books_balance()
