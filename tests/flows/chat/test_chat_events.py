"""What webhooks are told of chats: one row is held, ended and told, whatever becomes of the answer."""

import asyncio

import pytest
from sqlalchemy import select

from app import db
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.usage.requests import START_DUE
from app.domain.usage.tables import Request
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Run
from app.sql.columns import table_of
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import describe
from tests.support.chat import Chat
from tests.support.handed import reap_holds
from tests.support.scripted import DONE, USAGE, Scripted, event, flows, request, whole
from tests.support.webhooks import listening, told, types_told


async def begin(
    queue: object, snapshot: Snapshot, provider: Scripted, *, stream: bool = False
) -> tuple[Run, Carrier, Chat]:
    await give(snapshot, "ada", 5 * NANOS)
    chat, carrier = flows(queue, provider)  # type: ignore[arg-type]
    run = await chat.begin(snapshot, "ada", request(stream=stream), "req_1", "theirs")
    assert isinstance(run, Run)
    return run, carrier, chat


async def of_chat(snapshot: Snapshot) -> list[str]:
    return [type_ for type_ in await types_told(snapshot) if type_.startswith(("proxy.", "usage."))]


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_an_answer_is_told_from_its_beginning_to_its_charge() -> None:
    snapshot = await listening(make_snapshot())
    provider = Scripted(whole(usage=USAGE), content_type="application/json")
    async with running_queue() as queue:
        run, carrier, _ = await begin(queue, snapshot, provider)
        assert await of_chat(snapshot) == ["proxy.request.started"]
        await carrier.whole(run, describe)
    found = dict(await told(snapshot))
    assert await of_chat(snapshot) == ["proxy.request.completed", "proxy.request.started", "usage.charge.created"]
    charge = found["paywall.usage.charge.created"]
    assert (charge["promptTokens"], charge["completionTokens"]) == (10, 20)
    assert found["paywall.proxy.request.completed"]["charge"] == charge["cost"] != "0"
    assert_books_balance()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("timed_out", [True, False])
async def test_a_provider_that_fails_at_once_is_told_with_its_code(timed_out: bool) -> None:
    snapshot, provider = await listening(make_snapshot()), Scripted()
    provider.refusal = ProviderFailed("No.", timed_out=timed_out)
    async with running_queue() as queue:
        with pytest.raises(ProviderFailed):
            await begin(queue, snapshot, provider)
    found = dict(await told(snapshot))
    code = "provider_timeout" if timed_out else "provider_error"
    assert found["paywall.proxy.request.failed"]["errorCode"] == code
    assert await of_chat(snapshot) == ["proxy.request.failed", "proxy.request.started"]


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_stream_that_breaks_off_failed_and_was_charged() -> None:
    snapshot = await listening(make_snapshot())
    provider = Scripted(event("one two three"), ProviderFailed("broke off"))
    async with running_queue() as queue:
        run, carrier, _ = await begin(queue, snapshot, provider, stream=True)
        await carrier.stream(run, lambda _piece: asyncio.sleep(0), describe)
    found = dict(await told(snapshot))
    assert found["paywall.proxy.request.failed"]["errorCode"] == "provider_error"
    assert await of_chat(snapshot) == [
        "proxy.request.failed", "proxy.request.started", "usage.charge.created", "usage.charge.deferred",
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("is_delivered", [True, False])
async def test_a_client_that_goes_away_canceled_its_request(is_delivered: bool) -> None:
    snapshot = await listening(make_snapshot())
    provider = Scripted(*([event("one two three")] if is_delivered else []), None)
    async with running_queue() as queue:
        run, carrier, chat = await begin(queue, snapshot, provider, stream=True)
        task = asyncio.create_task(carrier.stream(run, lambda _piece: asyncio.sleep(0), describe))
        await provider.answer.fell_silent.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await chat.keeper.drain(5)
    assert ("proxy.request.canceled" in await of_chat(snapshot)) and (
        ("usage.charge.created" in await of_chat(snapshot)) is is_delivered
    )


@pytest.mark.usefixtures("database")
async def test_an_empty_answer_failed_and_is_not_charged() -> None:
    snapshot = await listening(make_snapshot())
    async with running_queue() as queue:
        run, carrier, _ = await begin(queue, snapshot, Scripted(event(""), DONE), stream=True)
        await carrier.stream(run, lambda _piece: asyncio.sleep(0), describe)
    found = dict(await told(snapshot))
    assert found["paywall.proxy.request.failed"]["errorCode"] == "empty_answer"


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_request_whose_process_was_lost_is_told_by_housekeeping() -> None:
    snapshot = await listening(make_snapshot())
    provider = Scripted(whole(usage=USAGE), content_type="application/json")
    async with running_queue() as queue:
        run, carrier, _ = await begin(queue, snapshot, provider)
        with db.transaction(writes=False) as session:
            assert session.scalar(select(table_of(Request).c.events_due)) == START_DUE
        assert await reap_holds(queue) == 1
        assert await of_chat(snapshot) == ["proxy.request.failed", "proxy.request.started"]
        await carrier.whole(run, describe)
    found = await told(snapshot)
    assert [data["cost"] for type_, data in found if type_ == "paywall.usage.charge.created"] != []
    assert [type_ for type_, _ in found].count("paywall.proxy.request.failed") == 1
    assert_books_balance()
