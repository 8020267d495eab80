"""Errors inside answers whose status says success: found in every form, and never where there is none."""

import json
from typing import Any

import pytest

from app.domain.errors import ProviderFailed
from app.domain.money import NANOS
from app.domain.wallets.wallets import Balance
from app.formats.openai_error import DECLINED, FILTERED, error_in, error_of, in_completion, in_stream, may_hold_error
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.carrying import balance, begun, describe, receipt, streamed
from tests.support.scripted import COUNTER, DONE, LAST, USAGE, Scripted, event, whole

pytestmark = pytest.mark.plain_sql

CHOICE = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
FAILURE = {"message": "Overloaded.", "code": 529}
ERRORS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "beside choices": ({"choices": [CHOICE], "error": FAILURE}, FAILURE),
    "beside null": ({"choices": None, "error": FAILURE}, FAILURE),
    "alone": ({"error": FAILURE}, FAILURE),
    "a text": ({"choices": [CHOICE], "error": "Overloaded."}, {"message": "Overloaded."}),
    "a list": ({"choices": [], "error": [FAILURE]}, FAILURE),
    "a word": ({"choices": [CHOICE], "error": True}, {}),
    "of a choice": ({"choices": [CHOICE, {**CHOICE, "error": FAILURE, "finish_reason": "error"}]}, FAILURE),
    "text of a choice": ({"choices": [{**CHOICE, "error": "Overloaded."}]}, {"message": "Overloaded."}),
    "in a message": ({"choices": [{**CHOICE, "message": {"content": "Hi", "error": FAILURE}}]}, FAILURE),
    "in a delta": ({"choices": [{"index": 0, "delta": {"error": "Overloaded."}}]}, {"message": "Overloaded."}),
    "only a reason": ({"choices": [{**CHOICE, "finish_reason": "error"}]}, {}),
    "vLLM": ({"object": "error", **FAILURE, "type": "InternalServerError"}, {**FAILURE, "type": "InternalServerError"}),
    "Anthropic": (
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded."}},
        {"type": "overloaded_error", "message": "Overloaded."},
    ),
    "without a wrapper": (
        {"type": "error", "code": "overloaded", "message": "O."},
        {"code": "overloaded", "message": "O."},
    ),
    "within": ({"error": {"error": FAILURE, "code": 1}}, FAILURE),
    "a message that is an object": ({"error": {"message": {"detail": "Overloaded."}, "code": 529}}, FAILURE),
    "FastAPI": ({"error": {"detail": [{"loc": ["body"], "msg": "Overloaded."}]}}, {"message": "Overloaded."}),
}
THROUGH = ("beside choices", "a text", "of a choice", "only a reason")
"""Forms that are carried through a whole answer and a stream, on both databases."""
NOTHING: tuple[Any, ...] = (None, "", {}, False)
NONE: tuple[Any, ...] = (None, "", {}, [], False, 0, {"message": None, "code": None}, {"message": ""})


@pytest.mark.parametrize("form", ERRORS)
def test_an_error_is_found_in_every_form_with_its_own_words(form: str) -> None:
    content, said = ERRORS[form]
    assert ProviderFailed("No.", body=error_of(content)).said == said
    assert error_of(content) is not None and may_hold_error(event(**content))


@pytest.mark.parametrize("nothing", NONE, ids=repr)
def test_what_is_falsy_is_no_error(nothing: object) -> None:
    assert error_of({"choices": [{**CHOICE, "error": nothing}], "error": nothing}) is None
    assert error_of({"choices": nothing, "error": nothing}) is None


@pytest.mark.parametrize("form", THROUGH)
async def test_an_error_in_a_whole_answer_is_one_with_its_own_words_and_costs_nothing(database: str, form: str) -> None:
    content, said = ERRORS[form]
    snapshot, raw = make_snapshot(), json.dumps({**content, "usage": USAGE}).encode()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(raw, content_type="application/json"))
        with pytest.raises(ProviderFailed) as failed:
            await carrier.whole(run, describe)
    assert (failed.value.said, failed.value.status) == (said, None)
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")
    assert_books_balance()


@pytest.mark.parametrize("form", THROUGH)
async def test_an_error_in_a_stream_ends_it_without_done_and_what_was_delivered_is_charged(
    database: str, form: str
) -> None:
    content, said = ERRORS[form]
    pieces = (event("one two"), b"data: " + json.dumps(content).encode() + b"\n\n", event("three"), LAST, DONE)
    sent, snapshot, _ = await streamed(Scripted(*pieces))
    assert sent[:-1] == [event("one two")]
    ours = {"message": "The provider ended its answer with an error.", "type": "server_error", "param": None,
            "code": "provider_error"}  # fmt: skip
    assert json.loads(sent[-1].removeprefix(b"data: ")) == {"error": {**ours, **said}}
    assert receipt(snapshot).lines[-1].tokens == COUNTER.count("one two", "demo-mini")


@pytest.mark.parametrize("form", THROUGH)
async def test_an_error_that_comes_first_in_a_stream_has_a_status(database: str, form: str) -> None:
    content, said = ERRORS[form]
    snapshot, sent = make_snapshot(), []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        provider = Scripted(b"data: " + json.dumps(content).encode() + b"\n\n", DONE)
        run, carrier = await begun(queue, snapshot, provider, stream=True)
        with pytest.raises(ProviderFailed) as failed:
            await send(await carrier.stream(run, send, describe))
    assert (sent, failed.value.said) == ([], said)
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_says_nothing_is_no_error(database: str, nothing: object, stream: bool) -> None:
    if stream:
        finished = {"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "error": nothing}]}
        last = b"data: " + json.dumps(finished).encode() + b"\n\n"
        sent, snapshot, _ = await streamed(Scripted(event("one", error=nothing), last, LAST, DONE))
        assert sent == [event("one", error=nothing), last, DONE]
    else:
        snapshot, raw = make_snapshot(), whole("one", usage=USAGE, error=nothing)
        async with running_queue() as queue:
            run, carrier = await begun(queue, snapshot, Scripted(raw, content_type="application/json"))
            assert json.loads(await carrier.whole(run, describe))["choices"]
    assert receipt(snapshot).lines[-1].tokens == 20


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b'event: error\ndata: {"message": "Overloaded.", "code": 529}\n\n', FAILURE),
        (b"event:error\r\ndata: Overloaded.\r\n\r\n", {"message": "Overloaded."}),
        (b"id: 7\nevent: error \ndata: Over\ndata: loaded.\n\n", {"message": "Over\nloaded."}),
        (b'event: error\ndata: {"error": null}\n\n', {}),
        (b'data: [{"error": {"message": "Overloaded.", "code": 529}}]\n\n', FAILURE),
    ],
)
@pytest.mark.parametrize("comes_first", [True, False])
async def test_an_event_that_calls_itself_an_error_is_one(
    database: str, said: bytes, words: dict[str, Any], comes_first: bool
) -> None:
    if not comes_first:
        sent, _, _ = await streamed(Scripted(event("one"), said, event("two"), DONE))
        assert sent[0] == event("one") and len(sent) == 2
        assert json.loads(sent[1].removeprefix(b"data: "))["error"].items() >= words.items()
        return
    snapshot = make_snapshot()
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, Scripted(said, event("two"), DONE), stream=True)
        with pytest.raises(ProviderFailed) as failed:
            await carrier.stream(run, _never, describe)
    assert failed.value.said == words


UNNAMED: dict[str, tuple[object, dict[str, Any]]] = {
    "Gemini's list": ([{"error": FAILURE}], FAILURE),
    "Cloudflare": ({"success": False, "errors": [FAILURE]}, FAILURE),
    "no wrapper": ({"code": "Throttling", "message": "Overloaded.", "request_id": "1"},
                   {"code": "Throttling", "message": "Overloaded."}),
    "FastAPI": ({"detail": "Overloaded."}, {"message": "Overloaded."}),
    "an error event": ({"message": "Overloaded.", "code": 529}, FAILURE),
    "nothing": ({}, {}),
    "a number": (7, {}),
}  # fmt: skip


@pytest.mark.parametrize("form", UNNAMED)
@pytest.mark.parametrize("stream", [True, False])
async def test_what_is_said_instead_of_an_answer_says_why_there_is_none(database: str, form: str, stream: bool) -> None:
    content, said = UNNAMED[form]
    raw, snapshot = json.dumps(content).encode(), make_snapshot()
    name = b"event: error\n" if form == "an error event" else b""
    provider = Scripted(name + b"data: " + raw + b"\n\n") if stream else Scripted(raw)
    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=stream)
        with pytest.raises(ProviderFailed) as failed:
            await (carrier.stream(run, _never, describe) if stream else carrier.whole(run, describe))
    assert failed.value.said == said
    assert (balance(snapshot), receipt(snapshot).status) == (Balance(NANOS, 0), "released")


async def _never(data: bytes) -> None:
    raise AssertionError(data)


def test_words_of_a_model_about_errors_are_none() -> None:
    for text in ('{"error": {"message": "x"}}', "event: error", "error"):
        content = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        said = b"data: " + json.dumps(content).encode() + b"\n\n"
        assert (error_of(content), error_in(said, content)) == (None, None)
    assert not may_hold_error(event('she said "error": stop'))


def test_a_filter_and_a_refusal_are_read_without_their_text() -> None:
    filtered = {"index": 0, "message": {"role": "assistant", "content": "", "refusal": None},
                "finish_reason": "content_filter"}  # fmt: skip
    declined = {"index": 1, "message": {"role": "assistant", "content": None, "refusal": "I cannot help with that."}}
    assert in_completion({"choices": [CHOICE]}) == in_completion({}) == ()
    assert in_completion({"choices": [CHOICE, filtered, 7, {"message": "x"}]}) == (FILTERED,)
    assert in_completion({"choices": [filtered, declined]}) == (FILTERED, DECLINED)
    told = json.dumps(
        {"choices": [{"delta": {"content": 'He said "refusal": "no", "finish_reason": "content_filter"'}}]}
    )
    nothing = [b'data: {"choices":[{"delta":{"refusal":null,"content":"Hi"},"finish_reason":null}]}\n\n',
               f"data: {told}\n\n".encode(), b'data: {"choices":[{"delta":{"refusal":""}}]}\n\n', DONE]  # fmt: skip
    assert in_stream(nothing) == in_stream([]) == ()
    ends = b'data: {"choices":[{"delta":{},"finish_reason": "content_filter"}]}\n\n'
    says = b'data: {"choices":[{"delta":{"refusal":"I"}}]}\n\n'
    assert in_stream([*nothing, ends]) == (FILTERED,) and in_stream([says, says]) == (DECLINED,)
    assert in_stream([says, ends]) == (FILTERED, DECLINED)
