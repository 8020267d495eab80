"""The official SDK for Python, sync and async: what apps use, and its own retries."""

import asyncio
from fractions import Fraction
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.emulators.upstream import RunningUpstream
from tests.support.server import QUESTION, Demo
from tests.support.spec import check_answer, check_chunk

TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
    for name in ("find_city", "find_weather")
]  # fmt: skip
IMAGE: list[Any] = [{"role": "user", "content": [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
]}]  # fmt: skip


class City(BaseModel):
    """What a structured answer is parsed into."""

    name: str
    people: int


@pytest.mark.unhurried
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"n": 2},
        {"stop": ["."]},
        {"seed": 7, "temperature": 0, "top_p": 1, "presence_penalty": 0.5, "logit_bias": {"50256": -100}},
        {"logprobs": True, "top_logprobs": 2},
        {"tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": True},
        {"response_format": {"type": "json_object"}},
        {"max_completion_tokens": 20},
        {"max_tokens": 20},
        {"messages": IMAGE},
        {"reasoning_effort": "low", "verbosity": "low", "metadata": {"a": "b"}, "store": False},
    ],
    ids=lambda more: "-".join(more) or "plain",
)
@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_and_every_chunk_is_as_openai_defines_them(demo: Demo, more: dict[str, Any], stream: bool) -> None:
    asked: dict[str, Any] = {"model": "demo-mini", "user": demo.new_user(), "messages": QUESTION, **more}
    if not stream:
        with demo.client() as client:
            answer: Any = client.chat.completions.create(**asked)
        check_answer(answer.model_dump(mode="json", exclude_unset=True))
        return
    asked |= {"stream": True, "stream_options": {"include_usage": True}}
    with demo.client() as client:
        chunks: list[Any] = list(client.chat.completions.create(**asked))
    for chunk in chunks:
        check_chunk(chunk.model_dump(mode="json", exclude_unset=True))
    assert chunks[-1].usage is not None and not chunks[-1].choices


@pytest.mark.unhurried
def test_structured_outputs_are_parsed(demo: Demo) -> None:
    asked: dict[str, Any] = {"model": "demo-mini", "user": demo.new_user(), "messages": QUESTION}
    with demo.client() as client:
        parsed = client.chat.completions.parse(response_format=City, **asked)
        assert isinstance(parsed.choices[0].message.parsed, City)
        with client.chat.completions.stream(response_format=City, **asked) as stream:
            assert isinstance(stream.get_final_completion().choices[0].message.parsed, City)


@pytest.mark.unhurried
async def test_the_async_sdk_streams_and_retrieves(demo: Demo) -> None:
    user = demo.new_user()
    async with openai.AsyncOpenAI(base_url=demo.api_base, api_key=demo.key) as client:
        streams = [
            await client.chat.completions.create(model="demo-mini", user=user, messages=QUESTION, stream=True)
            for _ in range(3)
        ]
        texts = await asyncio.gather(*(_read(stream) for stream in streams))
        offered = [model.id async for model in client.models.list()]
        one = await client.models.retrieve(offered[0])
    assert len(set(texts)) == 1 and texts[0] and one.id == offered[0]


async def _read(stream: Any) -> str:
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])


@pytest.mark.parametrize(
    ("more", "kind", "param"),
    [
        ({"model": "none"}, openai.NotFoundError, None),
        ({"n": 0}, openai.BadRequestError, "n"),
        ({"user": "two words"}, openai.BadRequestError, "user"),
        ({"extra_headers": {"Authorization": "Bearer sk-coinslot-test-none"}}, openai.AuthenticationError, None),
        ({"user": "poor", "extra_headers": {"X-Paywall-Errors": "http"}}, openai.APIStatusError, None),
        ({"user": "poor", "response_format": {"type": "json_object"}}, openai.APIStatusError, None),
        ({"user": "poor", "tools": TOOLS, "tool_choice": "required"}, openai.APIStatusError, None),
    ],
)
def test_errors_are_the_sdks_own(demo: Demo, more: dict[str, Any], kind: type[Exception], param: str | None) -> None:
    asked: dict[str, Any] = {"model": "demo-mini", "user": "ada", "messages": QUESTION, **more}
    with demo.client() as client, pytest.raises(kind) as raised:
        client.chat.completions.create(**asked)
    assert getattr(raised.value, "param", None) == param


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "kind"), [("error-500", openai.InternalServerError), ("error-429", openai.RateLimitError)]
)
def test_the_sdks_own_retries_hold_and_charge_nothing(
    behind: Demo, emulated: RunningUpstream, model: str, kind: type[Exception]
) -> None:
    """Only the client's own retries, with its own pauses, show what they leave behind."""
    emulated.reset()
    user = behind.new_user()
    retries = 1 if model == "error-429" else 2
    with behind.client(retries) as client, pytest.raises(kind):
        client.chat.completions.create(model=model, user=user, messages=QUESTION)
    assert len(emulated.seen()) == 1 + retries
    assert (behind.spendable(user), behind.held(user)) == (5, 0)


@pytest.mark.unhurried
def test_parallel_tool_calls_come_in_pieces_and_are_put_together(behind: Demo) -> None:
    asked: dict[str, Any] = {"model": "tools", "user": behind.new_user(), "messages": QUESTION, "tools": TOOLS}
    with behind.client() as client:
        with client.chat.completions.stream(**asked) as stream:
            calls = stream.get_final_completion().choices[0].message.tool_calls or []
        whole = client.chat.completions.create(**asked).choices[0].message.tool_calls or []
    arguments = '{"city": "Zürich", "days": 3}'
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        (call.function.name, call.function.arguments) for call in whole
    ]
    assert [(call.function.name, call.function.arguments) for call in calls] == [
        ("get_weather", arguments), ("get_time", arguments),
    ]  # fmt: skip


@pytest.mark.unhurried
async def test_a_retry_of_the_sdk_that_is_answered_is_charged_once(behind: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    user = behind.new_user()
    async with openai.AsyncOpenAI(base_url=behind.api_base, api_key=behind.key, max_retries=2) as client:
        answer: Any = await client.chat.completions.create(model="flaky", user=user, messages=QUESTION)
    assert [seen["model"] for seen in emulated.seen()] == ["flaky", "flaky"]
    assert (5 - behind.spendable(user), behind.held(user)) == (Fraction(answer.paywall["charge"]), 0)
    assert Fraction(answer.paywall["charge"]) > 0
