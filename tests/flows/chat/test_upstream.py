"""What a provider answers is told by its first bytes, not by what it calls itself."""

import asyncio
import json
from typing import Any

import pytest

from app.domain import clock
from app.domain.errors import ProviderFailed
from app.domain.routing.outcomes import OverTime
from app.flows.chat import upstream
from app.flows.chat.upstream import Rests, beginning, completion, fed, read_behind, read_whole, within
from app.formats.openai_stream import StreamMeter
from tests.support.scripted import LAST, ScriptedAnswer, event, whole

MARK = b"\xef\xbb\xbf"


def answer(*pieces: bytes | Exception | None) -> ScriptedAnswer:
    return ScriptedAnswer("text/plain", pieces)


@pytest.mark.parametrize("raw", [whole("Hi"), b" \n" + whole("Hi"), whole("Hi", x=[1, "é"])])
def test_a_plain_answer_keeps_its_bytes(raw: bytes) -> None:
    assert completion(raw, answer()) == (raw, json.loads(raw))


@pytest.mark.parametrize(
    "raw",
    [MARK + whole("Hi"), whole("Hi")[:-1] + b', "logprob": -Infinity}', whole("Hi \ud83d"), whole("Hi", x=float("nan")),
     whole("caf").replace(b"caf", b"caf\xe9")],
)  # fmt: skip
def test_what_only_pythons_reader_reads_is_written_anew(raw: bytes) -> None:
    written, content = completion(raw, answer())
    assert json.loads(written) == content and content["choices"][0]["message"]["role"] == "assistant"


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{}", b"7", b'{"choices": null}', b"data: {}\n\n"])
def test_what_is_no_completion_is_refused(raw: bytes) -> None:
    with pytest.raises(ProviderFailed):
        completion(raw, answer())


@pytest.mark.parametrize(
    ("pieces", "begun"),
    [
        ((event("a"), event("b")), event("a")),
        ((b"\n", b" \n", event("a")), b"\n \n" + event("a")),
        ((MARK[:1], MARK[1:], event("a")), MARK + event("a")),
        ((b": hello\n\n", event("a")), b": hello\n\n"),
        ((b" " * 5_000, event("a")), b" " * 5_000),
        ((), b""),
    ],
)
async def test_a_stream_begins_with_whatever_is_no_json_and_no_page(pieces: Any, begun: bytes) -> None:
    assert await beginning(answer(*pieces)) == begun


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((whole()[:5], whole()[5:]), "without one"),
        ((MARK + b"\n", whole()), "without one"),
        ((b"[]",), "no chat completion"),
        ((b'{"error": {"message": "no credit"}}',), "an error"),
        ((b"  <!DOCTYPE html>",), "a page"),
    ],
)
async def test_json_and_pages_are_no_stream(pieces: Any, why: str) -> None:
    with pytest.raises(ProviderFailed, match=why):
        await beginning(answer(*pieces))


async def test_of_what_is_no_stream_no_more_is_read_than_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "UNSTREAMED_BYTES_MAX", 20)
    endless = answer(b"{", *[b" " * 10] * 9)
    with pytest.raises(ProviderFailed, match="longer than 20 bytes"):
        await beginning(endless)
    assert await endless.read() == b" " * 10


@pytest.mark.parametrize(
    ("last", "is_read"),
    [((LAST,), True), ((LAST[:9], LAST[9:]), True), ((LAST, None), True), ((LAST.rstrip(),), True), ((None,), False),
     ((LAST.rstrip(), ProviderFailed("broken")), False)],
)  # fmt: skip
async def test_usage_behind_the_end_is_read_where_none_came_before(
    monkeypatch: pytest.MonkeyPatch, last: Any, is_read: bool
) -> None:
    monkeypatch.setattr(upstream, "BEHIND_SECONDS_MAX", 0.3)
    meter = StreamMeter()
    meter.feed(event("a") + b"data: [DONE]\n\n")
    await read_behind(answer(*last), meter)
    assert (meter.usage is not None) == is_read


async def test_nothing_is_waited_for_where_usage_came() -> None:
    meter = StreamMeter()
    meter.feed(event("a") + LAST + b"data: [DONE]\n\n")
    await read_behind(answer(None), meter)


async def test_an_answer_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "ANSWER_BYTES_MAX", 5)
    assert await read_whole(answer(b"123", b"45")) == b"12345"
    with pytest.raises(ProviderFailed, match="longer"):
        await read_whole(answer(b"123", b"456"))


async def test_what_has_to_be_whole_in_time_is_cut_behind_it_and_an_error_of_its_own_stays_one() -> None:
    async def soon(result: int) -> int:
        await asyncio.sleep(0)
        return result

    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    async def breaks() -> int:
        raise TimeoutError("of somebody else")

    now = clock.monotonic_seconds()
    assert (await within(None, soon(1)), await within(now + 9, soon(2))) == (1, 2)
    for late in (now + 0.01, now - 1):
        with pytest.raises(OverTime) as cut:
            await within(late, never())
        assert cut.value.timed_out
    with pytest.raises(TimeoutError, match="somebody"):
        await within(now + 9, breaks())


def test_all_that_take_long_together_get_a_quarter_of_the_time() -> None:
    now = 100.0
    rests = Rests(lambda: now)
    assert [rests.after(0.1) for _ in range(3)] == pytest.approx([0.3, 0.6, 0.9])
    now = 100.5
    assert rests.after(0.1) == pytest.approx(0.7)
    now = 200.0
    assert rests.after(0.1) == pytest.approx(0.3)


async def test_others_have_their_turn_while_much_is_read_that_says_nothing() -> None:
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    meter, ticking = StreamMeter(), asyncio.create_task(tick())
    assert await fed(meter, event("a"))
    for _ in range(3):
        assert await fed(meter, b": nothing\n\n" * 10_000)
        assert turns > 10
        turns = 0
    ticking.cancel()


async def test_a_long_event_is_read_beside_the_loop_and_to_its_end_whoever_leaves() -> None:
    meter = StreamMeter()
    await fed(meter, event("a"))
    assert not await fed(meter, event("b" * 200_000)[:-2])
    leaving = asyncio.create_task(fed(meter, b"\n\n"))
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert not meter.events.waiting_bytes and len(b"".join(meter.kept or ())) > 200_000


async def test_an_answer_of_too_many_values_is_refused_before_any_of_it_is_built() -> None:
    """Whoever has a host of their own could hold everybody up with it for ten seconds, and two gigabytes."""
    raw = whole("Hi")[:-1] + b', "x": [' + b"[]," * upstream.ANSWER_VALUES_MAX + b"[]]}"
    with pytest.raises(ProviderFailed, match="more than 1,000,000 values"):
        await read_whole(answer(*(raw[at : at + 65_536] for at in range(0, len(raw), 65_536))))


async def test_answers_of_many_values_are_read_one_after_the_other_with_rests_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rested: list[float] = []

    class Noted(Rests):
        def after(self, seconds: float) -> float:
            rested.append(seconds)
            return 0

    monkeypatch.setattr(upstream, "_RESTS_OF_WHOLE", Noted())
    few, many = whole("Hi, " * 1_000), whole("Hi", logprobs=[0] * (upstream.LARGE_VALUES + 1))
    assert await read_whole(answer(few)) == few and rested == []
    assert await read_whole(answer(many)) == many and rested == [pytest.approx(0.01, rel=0.1)]
