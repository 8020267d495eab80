"""An answer is read up to its first word, and given on whole."""

import json
from collections.abc import Sequence

import pytest

from app.domain.errors import ProviderFailed
from app.domain.routing.outcomes import ContentFiltered
from app.flows.modes.begun import begun_stream, begun_whole
from app.ports.providers import ProviderAnswer
from tests.support.scripted import DONE, ScriptedAnswer, event, whole

THOUGHT = b'data: {"choices": [{"index": 0, "delta": {"reasoning": "Let me think."}}]}\n\n'
CALL = b'data: {"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"arguments": "{"}}]}}]}\n\n'
FILTERED = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]}\n\n'
WRONG = b'data: {"error": {"message": "Busy.", "code": 503}}\n\n'


async def rest(answer: ProviderAnswer) -> bytes:
    pieces = []
    while piece := await answer.read():
        pieces.append(piece)
    return b"".join(pieces)


def answered(*pieces: bytes | Exception | None) -> ScriptedAnswer:
    return ScriptedAnswer("text/event-stream", pieces)


@pytest.mark.parametrize("first", [event("Hi"), THOUGHT, CALL])
async def test_any_word_is_the_first_and_nothing_behind_it_is_waited_for(first: bytes) -> None:
    beginning: Sequence[bytes] = (b": waiting\n\n", event(""), first)
    begun = await begun_stream(answered(*beginning, event(" you"), DONE), is_filter_failure=False)
    assert await rest(begun) == b"".join((*beginning, event(" you"), DONE))
    assert begun.content_type == "text/event-stream" and begun.redactor is None


async def test_an_answer_that_ends_well_without_a_word_is_one_and_any_other_is_none() -> None:
    stop = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
    assert await rest(await begun_stream(answered(event(""), stop), is_filter_failure=True)) == event("") + stop
    assert await rest(await begun_stream(answered(event(""), DONE), is_filter_failure=True)) == event("") + DONE
    for pieces in ((event(""),), (), (event(""), WRONG), (event(""), ProviderFailed("The line broke."))):
        with pytest.raises(ProviderFailed):
            await begun_stream(answered(*pieces), is_filter_failure=False)


async def test_an_answer_that_was_stopped_before_a_word_fails_only_where_that_was_asked_for() -> None:
    assert await rest(await begun_stream(answered(FILTERED, DONE), is_filter_failure=False)) == FILTERED + DONE
    with pytest.raises(ContentFiltered):
        await begun_stream(answered(FILTERED, DONE), is_filter_failure=True)
    word = event("A word.") + FILTERED
    assert await rest(await begun_stream(answered(word, DONE), is_filter_failure=True)) == word + DONE
    stopped = json.dumps({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}).encode()
    with pytest.raises(ContentFiltered):
        await begun_whole(answered(stopped), is_filter_failure=True)
    assert await rest(await begun_whole(answered(stopped), is_filter_failure=False)) == stopped


async def test_a_whole_answer_is_read_to_its_end_before_it_counts() -> None:
    said = whole("Hi")
    begun = await begun_whole(answered(said[:9], said[9:]), is_filter_failure=True)
    assert await rest(begun) == said
    await begun.finish()
    with pytest.raises(ProviderFailed):
        await begun_whole(answered(said[:9]), is_filter_failure=False)
    with pytest.raises(ProviderFailed, match=f"longer than {len(said) - 1} bytes"):
        await begun_whole(answered(said), is_filter_failure=False, bytes_max=len(said) - 1)


@pytest.mark.parametrize("nothing", [b": waiting\n\n" * 10_000, event("") * 1_000])
async def test_an_answer_that_says_nothing_without_end_is_left(nothing: bytes) -> None:
    endless = answered(*[nothing] * 500)
    with pytest.raises(ProviderFailed):
        await begun_stream(endless, is_filter_failure=False)
    assert await rest(endless), "it was not read to its end"
