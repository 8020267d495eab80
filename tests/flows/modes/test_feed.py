"""Pieces come in their order, and a reader who is slow stops each model once 64 KiB of it wait."""

import asyncio
from typing import cast

from app.flows.modes.feed import WAITING_BYTES_MAX, Ended, Feed, Piece, Said
from app.flows.modes.members import Member
from tests.support.waiting import until


class _Of:
    """As much of a member as a feed looks at."""

    def __init__(self, number: int, text: str = "") -> None:
        self.number, self.text = number, text


def member(number: int, text: str = "") -> Member:
    return cast(Member, _Of(number, text))


async def test_pieces_come_in_the_order_in_which_they_were_said() -> None:
    feed, a, b = Feed(), member(0), member(1, "All of it.")
    said: list[Piece] = [Said(a, "1"), Ended(b, shows_text=True), Said(a, "2"), Ended(a)]
    for piece in said:
        await feed.put(piece)
    feed.end()
    assert [piece async for piece in feed.read()] == said
    assert [piece.text for piece in said] == ["1", "All of it.", "2", ""]


async def test_one_model_waits_at_its_bound_and_another_does_not() -> None:
    feed, fast, slow = Feed(), member(0), member(1)
    half = "ä" * (WAITING_BYTES_MAX // 4)  # two bytes each
    for _ in range(2):
        await feed.put(Said(fast, half))
    waiting = asyncio.create_task(feed.put(Said(fast, half)))
    await feed.put(Said(slow, half))
    assert feed.is_full(fast) and not feed.is_full(slow) and not waiting.done()
    reading = feed.read()
    await anext(reading)
    assert not waiting.done(), "a piece is taken when the next one is asked for"
    await anext(reading)
    await until(waiting.done)
    await reading.aclose()


async def test_what_is_kept_back_is_read_once_it_is_released_and_never_else() -> None:
    feed, a, b, c = Feed(), member(0, "One."), member(1, "Two."), member(2)
    feed.keep_back(Ended(a, shows_text=True))
    await feed.put(Ended(c))
    reading = feed.read()
    assert await anext(reading) == Ended(c)
    feed.release()
    feed.keep_back(Ended(b, shows_text=True))
    feed.end()
    assert [piece.text async for piece in reading] == ["One.", "Two."]
    left = Feed()
    left.keep_back(Ended(a, shows_text=True))
    left.end()
    assert [piece async for piece in left.read()] == []
