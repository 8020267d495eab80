"""A stream says that it lives while its model is silent."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.api.v1.stream_comments import COMMENT, StreamComments
from tests.support.waiting import until

SECONDS = 0.1


class Client:
    """Takes what is sent; while it is `slow`, nothing."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.asked = 0
        self.ready = asyncio.Event()
        self.ready.set()

    async def take(self, data: bytes) -> None:
        self.asked += 1
        await self.ready.wait()
        self.got.append(data)


async def test_a_comment_comes_whenever_it_was_silent_for_so_long() -> None:
    client = Client()
    async with StreamComments(client.take, SECONDS) as send:
        await until(lambda: len(client.got) == 2)
        await send(b"a")
        await until(lambda: client.got[-1] == COMMENT)
    assert client.got[:2] == [COMMENT, COMMENT] and client.got[-2:] == [b"a", COMMENT]


@pytest.mark.unhurried
async def test_a_stream_that_speaks_has_no_comments_and_none_come_behind_its_end() -> None:
    client = Client()
    patient = 1.5  # many times as long as a busy machine holds a process up
    async with StreamComments(client.take, patient) as send:
        for _ in range(10):
            await send(b"a")
            await asyncio.sleep(patient / 5)
    assert client.got == [b"a"] * 10
    async with StreamComments(client.take, SECONDS):
        pass
    await asyncio.sleep(SECONDS * 2)
    assert client.got == [b"a"] * 10


@pytest.mark.unhurried
@pytest.mark.parametrize("ending", ["piece", "end", "error"])
async def test_nothing_is_sent_into_a_comment_that_is_on_its_way(ending: str) -> None:
    client = Client()
    client.ready.clear()
    try:
        async with StreamComments(client.take, SECONDS) as send:
            await until(lambda: client.asked)
            await asyncio.sleep(SECONDS * 2)  # a second comment does not join one that is not taken
            asyncio.get_running_loop().call_later(SECONDS, client.ready.set)
            if ending == "piece":
                await send(b"a")
            elif ending == "error":
                raise ValueError
    except ValueError:
        await client.take(b"a")
    else:
        await client.take(b"b")
    assert client.got == {"piece": [COMMENT, b"a", b"b"], "end": [COMMENT, b"b"], "error": [COMMENT, b"a"]}[ending]


async def test_a_client_that_cannot_be_written_to_is_noticed_by_the_next_piece() -> None:
    tried = []

    async def fail(data: bytes) -> None:
        tried.append(data)
        raise OSError("Gone.")

    async with StreamComments(fail, SECONDS) as send:
        await until(lambda: len(tried) == 2)
        with pytest.raises(OSError, match="Gone"):
            await send(b"a")


async def test_who_is_cancelled_leaves_no_timer(caplog: pytest.LogCaptureFixture) -> None:
    client = Client()

    async def carry(wait: Callable[[], Awaitable[object]]) -> None:
        async with StreamComments(client.take, SECONDS):
            await wait()

    task = asyncio.create_task(carry(asyncio.Event().wait))
    await until(lambda: client.got)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    before = len(client.got)
    await asyncio.sleep(SECONDS * 2)
    assert set(client.got) == {COMMENT} and len(client.got) == before and not caplog.records
