"""POST /v1/chat/completions over real HTTP, in front of a real upstream process."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from tests.emulators.upstream import RunningUpstream
from tests.support.heard import closed, events, said
from tests.support.server import QUESTION, Demo, arithmetic
from tests.support.spec import check_answer, check_chunk


@pytest.mark.unhurried
def test_a_new_user_gets_a_message_with_a_link_and_nothing_is_written(demo: Demo) -> None:
    user, before = demo.new_user(None), demo.rows()
    answer = demo.chat("ok", user)
    content = answer.json()
    check_answer(content)
    assert (answer.status_code, answer.headers["x-paywall-action"]) == (200, "topup")
    assert f"{demo.base_url}/topup/" in content["choices"][0]["message"]["content"]
    assert content["usage"] == {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    assert content["paywall"]["charge"] == "0"
    assert demo.rows() == before


@pytest.mark.unhurried
@pytest.mark.parametrize("wants_usage", [True, False])
def test_the_message_is_streamed_if_streaming_was_asked_for(demo: Demo, wants_usage: bool) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": True}} if wants_usage else {}
    answer = demo.chat("ok", demo.new_user(None), stream=True, **options)
    *chunks, done = events(answer)
    for chunk in chunks:
        check_chunk(chunk)
    assert done == "[DONE]" and "/topup/" in said(chunks)
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["usage"] for chunk in chunks if chunk.get("usage")] == ([{
        "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}] if wants_usage else [])  # fmt: skip


def test_the_upstreams_answer_comes_untouched_and_is_charged_exactly(demo: Demo) -> None:
    user = demo.new_user()
    answer = demo.chat("ok", user)
    content = answer.json()
    check_answer(content)
    receipt = demo.receipt(answer.headers["x-request-id"])
    assert content["id"].startswith("chatcmpl-") and "The coin drops" in content["choices"][0]["message"]["content"]
    assert [line["tokens"] for line in receipt["lines"] if line["kind"] == "output"] == [
        content["usage"]["completion_tokens"]
    ]
    assert Fraction(receipt["charge"]) == arithmetic(receipt) == Fraction(5) - demo.spendable(user)
    assert Fraction(receipt["hold"]) - Fraction(receipt["charge"]) == Fraction(receipt["released"])
    assert content["paywall"]["charge"] == receipt["charge"]
    assert (receipt["status"], receipt["estimated"], receipt["streamed"], receipt["user"]) == (
        "settled", False, False, user,
    )  # fmt: skip


@pytest.mark.parametrize("model", ["ok", "tools", "reasoning", "split-utf8", "split-event", "crlf"])
def test_a_stream_passes_whole_and_ends_with_done(demo: Demo, model: str) -> None:
    user = demo.new_user()
    answer = demo.chat(model, user, stream=True, stream_options={"include_usage": True})
    *chunks, done = events(answer)
    usage = chunks[-1]
    assert done == "[DONE]" and usage["choices"] == [] and usage["usage"]["completion_tokens"] > 0
    assert len({chunk["id"] for chunk in chunks}) == 1
    receipt = demo.receipt(answer.headers["x-request-id"])
    assert Fraction(usage["paywall"]["charge"]) == Fraction(receipt["charge"]) == arithmetic(receipt)
    assert Fraction(5) - demo.spendable(user) == Fraction(receipt["charge"])


def test_the_usage_that_we_asked_for_is_taken_out_again(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    answer = demo.chat("ok", demo.new_user(), stream=True)
    assert emulated.seen()[0]["body"]["stream_options"] == {"include_usage": True}
    assert all(chunk == "[DONE]" or chunk["choices"] for chunk in events(answer))


def test_what_the_client_sent_goes_upstream_with_our_limit(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    sent: dict[str, Any] = {
        "temperature": 0.25,
        "seed": 7,
        "stop": ["x"],
        "top_p": 1,
        "metadata": {"ключ": "значение"},
        "extra": [1],
    }
    demo.chat("echo", demo.new_user(), **sent)
    body = emulated.seen()[0]["body"]
    assert {name: body[name] for name in sent} == sent
    assert body["max_tokens"] == 16_384
    demo.chat("echo", demo.new_user(), max_completion_tokens=99)
    assert emulated.seen()[1]["body"]["max_completion_tokens"] == 99
    assert "max_tokens" not in emulated.seen()[1]["body"]


def test_tool_calls_come_byte_for_byte(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()  # its ids count its requests
    direct = httpx.post(f"{emulated.base_url}/chat/completions", json={"model": "tools", "messages": QUESTION})
    emulated.reset()
    through = demo.chat("tools", demo.new_user())
    assert through.json()["choices"] == direct.json()["choices"]
    assert through.content.startswith(direct.content.rstrip()[:-1])


@pytest.mark.unhurried
def test_chunks_arrive_as_they_are_said(demo: Demo) -> None:
    with demo.client() as client:
        stream = client.chat.completions.create(model="ok:6:120", user=demo.new_user(), messages=QUESTION, stream=True)
        arrivals = [time.monotonic() for chunk in stream if chunk.choices and chunk.choices[0].delta.content]
    # Six chunks 120 ms apart cannot have been kept back and sent together.
    assert len(arrivals) == 6 and arrivals[-1] - arrivals[0] > 0.3


async def test_the_async_sdk_works_too(demo: Demo) -> None:
    user = demo.new_user()
    async with openai.AsyncOpenAI(base_url=demo.api_base, api_key=demo.key, max_retries=0) as client:
        answers = await asyncio.gather(
            *(client.chat.completions.create(model="ok", user=user, messages=QUESTION) for _ in range(5))
        )
        stream = await client.chat.completions.create(model="ok", user=user, messages=QUESTION, stream=True)
        chunks = [chunk async for chunk in stream]
    assert len({answer.choices[0].message.content for answer in answers}) == 1 and len(chunks) > 2


@pytest.fixture
def raw(demo: Demo) -> Iterator[socket.socket]:
    address = urlsplit(demo.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        yield connection


def _send(raw: socket.socket, demo: Demo, body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {demo.key}\r\n"
    raw.sendall(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)


def test_a_client_that_goes_away_cancels_the_upstream_and_pays_for_what_it_got(
    demo: Demo, emulated: RunningUpstream, raw: socket.socket
) -> None:
    emulated.reset()
    user = demo.new_user()
    _send(raw, demo, {"model": "ok:400:20", "user": user, "messages": QUESTION, "stream": True})
    received = b""
    while received.count(b"data: ") < 5:
        received += raw.recv(65_536)
    raw.close()
    closed(demo, user)
    request_id = received.split(b"x-request-id: ")[1].split(b"\r\n")[0].decode()
    receipt = demo.receipt(request_id)
    assert (receipt["disconnect"], receipt["estimated"], receipt["status"]) == ("cancel", True, "settled")
    output = next(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
    assert 3 <= output < 100
    assert Fraction(5) - demo.spendable(user) == Fraction(receipt["charge"]) == arithmetic(receipt)
    assert emulated.seen()[0]["outcome"] == "disconnected"


def test_a_client_that_leaves_before_a_whole_answer_pays_nothing(
    demo: Demo, emulated: RunningUpstream, raw: socket.socket
) -> None:
    emulated.reset()
    user = demo.new_user()
    _send(raw, demo, {"model": "slow-first", "user": user, "messages": QUESTION})
    while not emulated.seen():
        time.sleep(0.02)
    assert demo.held(user) > 0
    raw.close()
    closed(demo, user)
    assert demo.spendable(user) == 5


@pytest.mark.unhurried
def test_a_small_wallet_gets_a_shorter_answer_and_never_goes_below_zero(demo: Demo, emulated: RunningUpstream) -> None:
    emulated.reset()
    user = demo.new_user("0.005")
    answer = demo.chat("ok:400", user)
    assert answer.headers["x-paywall-action"] == "none"
    assert 16 <= emulated.seen()[0]["body"]["max_tokens"] < 3_000
    while answer.headers["x-paywall-action"] == "none":
        answer = demo.chat("ok:400", user)
    assert 0 <= demo.spendable(user) < Fraction(1, 1000)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_the_wallet_made_shorter_says_so_with_the_link(demo: Demo, stream: bool) -> None:
    options: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    answer = demo.chat("obedient:3000", demo.new_user("0.002"), max_tokens=3_000, **options)
    content: Any = events(answer)[:-1] if stream else answer.json()
    text = said(content) if stream else content["choices"][0]["message"]["content"]
    paywall = content[-1]["paywall"] if stream else content["paywall"]
    assert text.startswith("The coin drops") and paywall["url"] in text.rsplit("\n\n", 1)[1]
    assert (paywall["action"], Fraction(paywall["charge"]) > 0) == ("topup", True)
    if not stream:
        check_answer(content)
        assert (content["choices"][0]["finish_reason"], answer.headers["x-paywall-action"]) == ("length", "topup")


@pytest.mark.unhurried
def test_many_at_once_never_spend_more_than_there_is(demo: Demo) -> None:
    user = demo.new_user("0.004")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: demo.chat("ok:40:5", user, max_tokens=2_000), range(60)))
    charges = [Fraction(answer.json()["paywall"]["charge"]) for answer in answers]
    actions = {answer.headers["x-paywall-action"] for answer in answers}
    assert actions == {"none", "topup"}
    assert Fraction(4, 1000) - sum(charges) == demo.spendable(user) >= 0
    assert demo.held(user) == 0


TOOL = {"name": "find_city", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
TOOLS = [{"type": "function", "function": TOOL}]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"response_format": {"type": "json_object"}},
        {"tools": TOOLS, "tool_choice": "required"},
        {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "find_city"}}},
        {"tools": TOOLS, "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}},
        {"functions": [TOOL], "function_call": {"name": "find_city"}},
    ],
    ids=lambda asked: str(asked.get("tool_choice", list(asked)))[:40],
)
def test_strict_mode_is_an_error_with_the_link(demo: Demo, asked: dict[str, Any], stream: bool) -> None:
    for server, status, code, action in (
        (demo, 402, "insufficient_funds", "topup"),
        (demo.shared, 403, "authorization_required", "authorize"),
    ):
        body = {"model": "ok", "user": demo.new_user(None), "messages": QUESTION, "stream": stream, **asked}
        answer = server.post("/chat/completions", body, X_Paywall_Errors="messages" if asked else "http")
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], answer.headers["x-paywall-action"]) == (status, code, action)
        assert answer.headers["x-should-retry"] == "false"
        assert error["url"].startswith(f"{demo.base_url}/{action}/") and error["url"] in error["message"]


def test_a_tool_that_may_be_called_or_not_leaves_room_for_the_message(demo: Demo) -> None:
    answer = demo.chat("ok", demo.new_user(None), tools=TOOLS, tool_choice="auto")
    assert (answer.status_code, answer.headers["x-paywall-action"]) == (200, "topup")
