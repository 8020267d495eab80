"""An answer that ends at the limit which the user's money had lowered gets the link, and no other answer does."""

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.domain.money import NANOS
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support import crowd
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import describe
from tests.support.limited import limited_snapshot
from tests.support.scripted import DONE, Scripted, flows, request
from tests.support.spec import check_chunk

pytestmark = pytest.mark.plain_sql

FEW = 500_000
"""Pays for some two hundred tokens of output."""
LINK = {"action": "topup", "url": "u"}


class Obedient(Scripted):
    """Says words up to the limit that it is sent, less `before`; each choice so. `reason` is why it ends then."""

    def __init__(self, *, before: int = 0, reason: str = "length", says_usage: bool = True, **delta: Any) -> None:
        super().__init__()
        self.before, self.reason, self.says_usage = before, reason, says_usage
        self.delta = delta

    async def send(self, target: Any, body: bytes) -> Any:
        sent = json.loads(body)
        limit, choices = sent["max_tokens"] - self.before, range(sent.get("n", 1))
        said = self.delta or {"content": " a" * limit}
        output = limit * len(choices)
        usage = {"prompt_tokens": 10, "completion_tokens": output, "total_tokens": output + 10}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        if sent.get("stream"):
            chunks = [{**head, "choices": [{"index": index, "delta": delta, "finish_reason": reason}]}
                      for index in choices for delta, reason in ((said, None), ({}, self.reason))]  # fmt: skip
            last = [{**head, "choices": [], "usage": usage}] if self.says_usage else []
            pieces = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks + last]
            self.answer._content_type, self.answer.pieces = "text/event-stream", [*pieces, DONE]
        else:
            message = {"role": "assistant", "content": None, **said}
            made = [{"index": index, "message": message, "finish_reason": self.reason} for index in choices]
            self.answer._content_type = "application/json"
            self.answer.pieces = [
                json.dumps({"id": "c", "choices": made, "usage": usage if self.says_usage else None}).encode()
            ]
        return await super().send(target, body)


@dataclass
class Ended:
    """How an answer ended: what each choice said last, and every `paywall` that came, with the run."""

    texts: list[str]
    reasons: list[str]
    paywalls: list[dict[str, Any]]
    run: Run

    @property
    def actions(self) -> set[str | None]:
        return {paywall.get("action") for paywall in self.paywalls}


async def ended(provider: Scripted, snapshot: Snapshot, nanos: int = FEW, user: str = "ada", **more: Any) -> Ended:
    """Carries an answer for a user with that much money."""
    if nanos:
        await give(snapshot, user, nanos)
    sent: list[bytes] = []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        chat, carrier = flows(queue, provider)
        run = await chat.begin(snapshot, user, request(**more), "req_1", None)
        assert isinstance(run, Run)
        if more.get("stream"):
            await send(await carrier.stream(run, send, describe))
        else:
            sent.append(await carrier.whole(run, describe))
    assert_books_balance()
    return _read(b"".join(sent), run) if more.get("stream") else _read_whole(sent[0], run)


def _read_whole(raw: bytes, run: Run) -> Ended:
    content = json.loads(raw)
    choices = content["choices"]
    texts = [choice["message"]["content"] or "" for choice in choices]
    return Ended(texts, [choice["finish_reason"] for choice in choices], [content["paywall"]], run)


def _read(raw: bytes, run: Run) -> Ended:
    *events, done = raw.split(b"\n\n")[:-1]
    assert done == b"data: [DONE]"
    texts: dict[int, str] = {}
    reasons: dict[int, str] = {}
    paywalls = []
    for event in events:
        chunk = json.loads(event.removeprefix(b"data: "))
        check_chunk(chunk)
        paywalls += [chunk["paywall"]] if "paywall" in chunk else []
        for choice in chunk["choices"]:
            index = choice["index"]
            assert index not in reasons, "a choice said something behind its end"
            texts[index] = texts.get(index, "") + (choice["delta"].get("content") or "")
            if choice["finish_reason"]:
                reasons[index] = choice["finish_reason"]
    return Ended(list(texts.values()), list(reasons.values()), paywalls, run)


@pytest.mark.parametrize("choices", [1, 3])
@pytest.mark.parametrize("more", [{}, {"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}])
@pytest.mark.parametrize("says_usage", [True, False])
async def test_prose_ends_with_the_link(database: str, more: dict[str, Any], choices: int, says_usage: bool) -> None:
    nanos = FEW * choices
    found = await ended(Obedient(says_usage=says_usage), make_snapshot(), nanos, n=choices, max_tokens=4_000, **more)
    assert found.run.leg.output_limit < 4_000 and found.reasons == ["length"] * choices
    assert all(text.endswith(" aTop up.") for text in found.texts) and len(found.texts) == choices
    assert found.run.stopped == "topup" and found.actions == {"topup"}
    assert all(paywall["url"] == "u" for paywall in found.paywalls)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("more", "delta"),
    [
        ({"response_format": {"type": "json_object"}}, {"content": '{"a": "' + "b" * 40}),
        ({"tools": [{}], "tool_choice": "required"}, {"content": ""}),
        ({}, {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"a": "b'}}]}),
        ({}, {"function_call": {"name": "f", "arguments": '{"a": "b'}}),
    ],
)
async def test_what_a_program_reads_gets_it_beside_itself(
    database: str, more: dict[str, Any], delta: dict[str, Any], stream: bool
) -> None:
    found = await ended(Obedient(**delta), make_snapshot(), stream=stream, **more)
    assert found.texts == [delta.get("content", "")] and found.actions == {"topup"}


@pytest.mark.parametrize("stream", [False, True])
async def test_an_end_that_came_with_its_last_words_loses_none(database: str, stream: bool) -> None:
    provider = Obedient()
    if stream:
        said = {"index": 0, "delta": {"content": "last words"}, "finish_reason": "length"}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [said]}
        provider = Scripted(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n", DONE)  # type: ignore[assignment]
    found = await ended(provider, make_snapshot(), stream=stream)
    assert found.reasons == ["length"]
    assert found.texts[0].endswith("Top up.") is not stream, "ten letters are far from the limit"
    assert found.texts == ["last words"] if stream else found.actions == {"topup"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("provider", "more", "nanos"),
    [
        (Obedient(), {"max_tokens": 50}, NANOS),
        (Obedient(), {"max_tokens": 50}, FEW),
        (Obedient(), {"max_completion_tokens": 16}, FEW),
        (Obedient(reason="stop"), {}, FEW),
        (Obedient(before=100), {}, FEW),
        (Obedient(reason="content_filter", before=60), {}, FEW),
    ],
    ids=["all paid", "the client's own, which was paid", "the least", "a full stop", "the model's own", "a filter"],
)
async def test_what_something_else_cut_is_left_as_it_came(
    database: str, provider: Scripted, more: dict[str, Any], nanos: int, stream: bool
) -> None:
    if "max_completion_tokens" in more:
        more = {"max_tokens": more["max_completion_tokens"]}
    found = await ended(provider, make_snapshot(), nanos, stream=stream, **more)
    assert not any("Top up." in text for text in found.texts) and found.run.stopped is None
    assert found.actions <= {None}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cap_is_named_where_it_was_the_cap(database: str, stream: bool) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await crowd.sign_in("ada@example.org")
    crowd.top_up(ada, NANOS)
    await crowd.connect(snapshot, ada, cap_nanos=FEW)
    found = await ended(Obedient(), snapshot, 0, "u1", stream=stream)
    assert found.texts[0].endswith("Top up.") and found.actions == {"limit"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "limits",
    [Limits(spend_per_day_nanos=FEW), Limits(spend_per_month_nanos=FEW), Limits(tokens_per_request=400)],
    ids=["day", "month", "tokens"],
)
async def test_a_limit_of_the_developers_gives_no_link(database: str, limits: Limits, stream: bool) -> None:
    snapshot, _ = limited_snapshot(PaywallLimits(user=limits))
    found = await ended(Obedient(), replace(snapshot), NANOS, stream=stream)
    assert found.reasons == ["length"] and found.run.stopped in (None, "none")
    assert found.actions <= {None, "none"}
