"""A database that goes away in the middle of a stream."""

import asyncio
from collections.abc import Awaitable, MutableMapping
from typing import Any

import orjson
import pytest

from app import wiring
from app.api.v1 import chat as api_chat
from app.domain.ledger.operations import Applied, Operation
from app.domain.money import NANOS
from app.domain.rows import Rows
from app.flows.callers.snapshot import Snapshot
from tests.support.books import assert_books_balance, give, make_snapshot
from tests.support.carrying import receipt
from tests.support.scripted import unanswered
from tests.support.spec import check_error


@pytest.mark.parametrize("key", [[], [(b"idempotency-key", b"k")]])
async def test_a_stream_that_cannot_be_charged_yet_ends_with_an_error_and_is_charged_later(
    database: str, monkeypatch: pytest.MonkeyPatch, key: list[tuple[bytes, bytes]]
) -> None:
    snapshot = make_snapshot()
    await give(snapshot, "ada", NANOS)
    body = {"model": "demo-mini", "user": "ada", "stream": True, "messages": [{"content": "Hi"}], "max_tokens": 3}
    pieces: list[bytes] = []
    asked = asyncio.Event()

    async def find_payer(_authorization: object) -> Snapshot:
        return snapshot

    async def receive() -> MutableMapping[str, Any]:
        if asked.is_set():
            await asyncio.Event().wait()
        asked.set()
        return {"type": "http.request", "body": orjson.dumps(body)}

    async def send(message: MutableMapping[str, Any]) -> None:
        pieces.append(message.get("body", b""))

    monkeypatch.setattr(api_chat, "find_payer", find_payer)
    wired = wiring.Wiring()
    wiring.replace(wired)
    wired.queue.start()
    submit, fails = wired.queue.submit, iter([False, True])  # the hold lands, the settlement does not at first

    def fails_once(operation: Operation, beside: Rows) -> Awaitable[Applied]:
        return unanswered() if next(fails, False) else submit(operation, beside)

    monkeypatch.setattr(wired.queue, "submit", fails_once)
    try:
        scope = {"headers": key, "path": "/v1/chat/completions", "coinslot.request_id": "req_1", "coinslot.headers": []}
        await api_chat.chat(scope, receive, send)
        await wired.keeper.drain(10)
    finally:
        await wired.queue.drain()
        wiring.replace(None)
    *events, end = b"".join(pieces).split(b"\n\n")
    error = orjson.loads(events[-1].removeprefix(b"data: "))
    check_error(error)
    assert (error["error"]["code"], end, b"[DONE]" in b"".join(events)) == ("unavailable", b"", False)
    assert receipt(snapshot).status == "settled"
    assert_books_balance()
