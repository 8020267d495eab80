"""The demo provider: OpenAI's shape, real token counts, the limits that were asked for."""

import asyncio
import json
from typing import Any

import pytest

from app.adapters.demo.provider import FLAKY, MODELS, DemoProvider, pieces_of
from app.adapters.providers.tiktoken import TiktokenCounter
from app.domain.errors import ProviderFailed
from app.ports.providers import ChatProvider, ProviderAnswer, ProviderTarget
from tests.support.endpoints import pieces_of as pieces_of_answer
from tests.support.spec import check_answer, check_chunk

COUNTER = TiktokenCounter()
TARGET = ProviderTarget("demo", "", None)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}},
            "required": ["city", "days"],
        },
    },
}


@pytest.fixture
def provider() -> ChatProvider:
    return DemoProvider(COUNTER, now=lambda: 1_763_676_000_123_456, pause_seconds=0)


def _body(question: str = "Tell me about sourdough bread.", model: str = "demo-mini", **more: Any) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": question}], **more}).encode()


async def _read(answer: ProviderAnswer) -> bytes:
    return b"".join([piece async for piece in pieces_of_answer(answer)])


async def _ask(provider: ChatProvider, question: str = "Tell me about sourdough bread.", **more: Any) -> dict[str, Any]:
    answer = await provider.send(TARGET, _body(question, **more))
    assert answer.content_type == "application/json"
    completion: dict[str, Any] = json.loads(await _read(answer))
    check_answer(completion)
    return completion


async def _stream(provider: ChatProvider, question: str = "Tell me about bread.", **more: Any) -> list[dict[str, Any]]:
    answer = await provider.send(TARGET, _body(question, stream=True, **more))
    assert answer.content_type == "text/event-stream"
    events = (await _read(answer)).split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-2]]
    for chunk in chunks:
        check_chunk(chunk)
    return chunks


@pytest.mark.unhurried
async def test_the_same_question_gets_the_same_answer_about_its_topic(provider: ChatProvider) -> None:
    first, again = await _ask(provider), await _ask(provider)
    text = first["choices"][0]["message"]["content"]
    assert text == again["choices"][0]["message"]["content"]
    assert "sourdough bread" in text
    assert first["id"] != again["id"]
    assert first["created"] == 1_763_676_000
    assert (await _ask(provider, model="demo-large"))["usage"]["completion_tokens"] > first["usage"][
        "completion_tokens"
    ]


@pytest.mark.unhurried
@pytest.mark.parametrize("question", ["Hello!", "Five ideas for rainy days", "Python code to sort names", "", "?"])
async def test_tokens_are_counted(provider: ChatProvider, question: str) -> None:
    completion = await _ask(provider, question)
    usage = completion["usage"]
    assert usage["completion_tokens"] == COUNTER.count(completion["choices"][0]["message"]["content"], "gpt-4o")
    assert usage["prompt_tokens"] == (COUNTER.count(question + "\n", "gpt-4o") or 0) + 6
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


async def test_a_stream_says_the_same_in_pieces(provider: ChatProvider) -> None:
    chunks = await _stream(provider, "What is bread?", stream_options={"include_usage": True})
    whole = await _ask(provider, "What is bread?")
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert deltas[0]["role"] == "assistant"
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-3:-1]] == [None, "stop"]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], whole["usage"])
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert len({chunk["id"] for chunk in chunks}) == 1


async def test_usage_is_streamed_only_when_it_is_wanted(provider: ChatProvider) -> None:
    chunks = await _stream(provider)
    assert all("usage" not in chunk and chunk["choices"] for chunk in chunks)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("limit", [1, 7, 16])
async def test_the_output_limit_is_kept(provider: ChatProvider, field: str, limit: int) -> None:
    fields: dict[str, Any] = {field: limit}
    completion = await _ask(provider, **fields)
    assert completion["choices"][0]["finish_reason"] == "length"
    assert 0 < completion["usage"]["completion_tokens"] <= limit


async def test_a_stop_sequence_ends_the_answer(provider: ChatProvider) -> None:
    choice = (await _ask(provider, stop=["bread", "\n\n"]))["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert "bread" not in choice["message"]["content"]


async def test_several_choices_differ_and_are_all_counted(provider: ChatProvider) -> None:
    completion = await _ask(provider, n=3)
    texts = [choice["message"]["content"] for choice in completion["choices"]]
    assert [choice["index"] for choice in completion["choices"]] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert completion["usage"]["completion_tokens"] == sum(COUNTER.count(text, "gpt-4o") or 0 for text in texts)
    chunks = await _stream(provider, n=2)
    assert {chunk["choices"][0]["index"] for chunk in chunks} == {0, 1}


@pytest.mark.parametrize(
    ("question", "choice"),
    [
        ("How is the weather in Zürich?", "auto"),
        ("Anything.", "required"),
        ("Zürich?", {"type": "function", "function": {"name": "get_weather"}}),
    ],
)
async def test_a_tool_is_called_when_it_is_forced_or_named(
    provider: ChatProvider, question: str, choice: object
) -> None:
    completion = await _ask(provider, question, tools=[WEATHER], tool_choice=choice)
    said = completion["choices"][0]
    call = said["message"]["tool_calls"][0]
    assert (said["finish_reason"], said["message"]["content"]) == ("tool_calls", None)
    arguments = json.loads(call["function"]["arguments"])
    assert (call["function"]["name"], sorted(arguments), arguments["days"]) == ("get_weather", ["city", "days"], 2)
    chunks = await _stream(provider, question, tools=[WEATHER], tool_choice=choice)
    pieces = [piece for chunk in chunks for piece in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert pieces[0]["function"]["name"] == "get_weather"
    assert "".join(piece["function"]["arguments"] for piece in pieces) == call["function"]["arguments"]


async def test_a_tool_is_not_called_otherwise(provider: ChatProvider) -> None:
    for choice in ("none", "auto"):
        assert (await _ask(provider, "Hello!", tools=[WEATHER], tool_choice=choice))["choices"][0]["message"]["content"]
    messages = [{"role": "user", "content": "weather?"}, {"role": "tool", "tool_call_id": "x", "content": "17 °C"}]
    assert "17 °C" in (await _ask(provider, messages=messages, tools=[WEATHER]))["choices"][0]["message"]["content"]
    cut = await _ask(provider, tools=[WEATHER], tool_choice="required", max_tokens=1)
    assert (cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]) == ("length", 0)


async def test_json_is_answered_where_it_is_asked_for(provider: ChatProvider) -> None:
    completion = await _ask(provider, response_format={"type": "json_object"})
    assert isinstance(json.loads(completion["choices"][0]["message"]["content"]), dict)
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    completion = await _ask(provider, "I live in Basel", response_format=wanted)
    assert json.loads(completion["choices"][0]["message"]["content"]) == {"city": "Basel"}


async def test_the_earlier_part_of_a_long_conversation_is_cached(provider: ChatProvider) -> None:
    long = "Bread is made of flour and water. " * 200
    turns = [("user", long), ("assistant", "Indeed."), ("user", "More.")]
    messages = [{"role": role, "content": text} for role, text in turns]
    usage = (await _ask(provider, messages=messages))["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    assert cached >= 1_024
    assert cached % 128 == 0
    assert cached <= usage["prompt_tokens"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (_body(model="gpt-4o"), 404),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 100_000, 400),
        (_body(messages=[]), 400),
        (_body(messages=["x"]), 400),
        (_body(n=0), 400),
        (_body(max_tokens=True), 400),
        (_body(tools=[WEATHER], tool_choice={"type": "function", "function": {"name": "other"}}), 400),
        (_body(response_format={"type": "json_schema", "json_schema": {"schema": {"enum": 3}}}), 400),
    ],
)
async def test_a_request_that_cannot_be_answered_fails_as_it_would_upstream(
    provider: ChatProvider, body: bytes, status: int
) -> None:
    with pytest.raises(ProviderFailed) as raised:
        await provider.send(TARGET, body)
    assert raised.value.status == status
    assert raised.value.body is not None
    assert raised.value.body["message"]


async def test_an_answer_is_paced_and_can_be_cancelled() -> None:
    provider = DemoProvider(COUNTER, now=lambda: 0, pause_seconds=0.005)
    answer = await provider.send(TARGET, _body(stream=True))
    before = asyncio.get_running_loop().time()
    for _ in range(5):
        await answer.read()
    assert asyncio.get_running_loop().time() - before >= 0.02
    await answer.close()
    with pytest.raises(ProviderFailed):
        await answer.read()


async def test_the_flaky_model_fails_before_every_second_answer(provider: ChatProvider) -> None:
    for fails in (True, False, True, False):
        try:
            await provider.send(TARGET, _body(model=FLAKY))
        except ProviderFailed as failure:
            assert fails and failure.status == 503
        else:
            assert not fails


async def test_its_models_are_listed(provider: ChatProvider) -> None:
    assert await provider.list_models(TARGET) == list(MODELS)
    await provider.close()


def test_pieces_are_the_text() -> None:
    text = "  Grüße, _world_! 🪙🪙\n\n```python\nx = 1\n```  \n"
    assert "".join(pieces_of(text)) == text
