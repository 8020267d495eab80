"""Long streams, carried for a user with so much money."""

import json
from typing import Any

from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support.books import assert_books_balance, give, running_queue
from tests.support.carrying import describe
from tests.support.scripted import Scripted, flows, request

WORDS = "entirely believable words without any end "
"""Six tokens."""
USAGE = {"prompt_tokens": 10, "completion_tokens": 3_000}
LAST = b'data: {"id": "c", "choices": [], "usage": ' + json.dumps(USAGE).encode() + b"}\n\n"


async def carried(
    snapshot: Snapshot, provider: Scripted, nanos: int, **more: Any
) -> tuple[list[bytes], Run, list[int]]:
    """Carries a stream for a user with that much money; returns what was sent and what was held at each piece."""
    sent: list[bytes] = []
    held: list[int] = []

    async def send(data: bytes) -> None:
        sent.append(data)
        held.append(run.held.amount)

    await give(snapshot, "ada", nanos)
    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        begun = await chat.begin(snapshot, "ada", request(stream=True, **more), "req_1", None)
        assert isinstance(begun, Run)
        run = begun
        await send(await carrier.stream(run, send, describe))
    assert provider.answer.is_closed
    assert_books_balance()
    return sent, run, held
