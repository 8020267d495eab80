"""Both published clients and every other reader of events read the same, however a stream is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadField
from app.formats.account.chat import (
    COMMENT,
    AccountStream,
    conversation_of,
    event,
    question_of,
    to_error,
    to_openai,
    to_whole,
)

NASTY = ("a\nb", "\\nu", '"quotes"', "€ 🪙", "\u2028\x85\r\t", "\\\\n", "data: x\n\n", "\\")


def by_npm(stream: bytes) -> list[Any]:
    """Reads as llmwise 0.1.2 of npm does: cut at backslash and n, the rest dropped."""
    *lines, _rest = stream.decode().split("\\n")
    found = [line.strip()[5:].strip() for line in lines if line.strip().startswith("data:")]
    return [json.loads(data) for data in found if data]


def by_pypi(stream: bytes) -> list[Any]:
    """Reads as that of PyPI does: httpx cuts at every line end that Unicode knows."""
    lines = [line.strip() for line in stream.decode().splitlines()]
    return [json.loads(line[5:]) for line in lines if line.startswith("data:")]


def by_standard(stream: bytes) -> list[Any]:
    blocks = stream.decode().split("\n\n")
    return [json.loads(line[5:]) for block in blocks for line in block.split("\n") if line.startswith("data:")]


@given(st.lists(st.one_of(st.sampled_from(NASTY), st.text()), min_size=1))
def test_every_reader_hears_the_same(texts: list[str]) -> None:
    said = [{"delta": text} for text in texts if text.isprintable() or text < "\ud800"]
    stream = COMMENT.join([b"", *(event(one) for one in said)])
    for read in (by_npm, by_pypi, by_standard):
        assert read(stream) == said


def chunk(**content: Any) -> bytes:
    return b"data: " + json.dumps({"id": "c", "model": "m", **content}).encode() + b"\n\n"


ANSWER = (
    chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
    + chunk(choices=[{"index": 0, "delta": {"content": "Hi\n"}}])
    + chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    + chunk(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2},
            paywall={"request_id": "req_1", "charge": "2", "balance": "17000000"})
    + b"data: [DONE]\n\n"
)  # fmt: skip
SUMS = {"id": "req_1", "mode": "chat", "model": "m", "resolved_model": "m", "finish_reason": "stop", "prompt_tokens": 3,
        "completion_tokens": 2, "credits_charged": 2, "credits_remaining": 17, "cost": 0.02,
        "semantic_memory_used": False, "semantic_memory_hits": 0}  # fmt: skip


def test_the_last_event_says_how_long_it_took_and_what_is_known_beside() -> None:
    stream = AccountStream({"byok": False, "conversation_id": "conv_1"})
    pieces = [one + b"\n\n" for one in ANSWER.split(b"\n\n") if one]
    heard = b"".join(stream.feed(piece, at) for piece, at in zip(pieces, (10, 30, 40, 130, 131), strict=True))
    done = by_npm(heard)[-1]
    assert done == {"event": "done", "done": True, **SUMS, "byok": False, "conversation_id": "conv_1",
                    "latency_ms": 130, "ttft_ms": 30, "tokens_per_second": 20.0}  # fmt: skip


@pytest.mark.parametrize(("source", "is_own"), [("byok", True), ("platform", False)])
def test_of_several_models_the_one_that_answered_says_whose_key_it_went_by(source: str, is_own: bool) -> None:
    trace = [{"status": "failed", "billing_source": "platform"}, {"status": "answered", "billing_source": source}]
    body = {"model": "m", "choices": [{"message": {"content": "Hi"}}],
            "paywall": {"charge": "0", "balance": "0", "paywall_route": {"trace": trace}}}  # fmt: skip
    assert json.loads(to_whole(json.dumps(body).encode(), {"byok": not is_own}))["byok"] is is_own


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_an_answer_is_its_text_and_then_what_it_cost(size: int) -> None:
    stream = AccountStream()
    heard = b"".join(stream.feed(ANSWER[at : at + size]) for at in range(0, len(ANSWER), size))
    assert by_npm(heard) == by_pypi(heard) == [
        {"model": "m", "delta": "Hi\n", "done": False}, {"event": "done", "done": True, **SUMS},
    ]  # fmt: skip
    assert AccountStream().feed(b": waiting for the model\n\n") == COMMENT


def test_a_failure_is_the_last_event_and_says_whether_it_was_free() -> None:
    stream = AccountStream()
    failed = b'data: {"error": {"message": "It broke.", "code": "provider_failed", "provider_status": 503}}\n\n'
    for free in (True, False):
        (said,) = by_npm(stream.feed(failed))
        assert (said["error"], said["status_code"], said["refunded"], said["done"]) == ("It broke.", 503, free, True)
        stream.feed(chunk(choices=[{"index": 0, "delta": {"content": "x"}}]))


def test_a_whole_answer_and_an_error_have_the_clients_fields() -> None:
    body = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
            "paywall": {"request_id": "req_1", "charge": "2", "balance": "17000000"}}  # fmt: skip
    assert json.loads(to_whole(json.dumps(body).encode())) == {"content": "Hi", **SUMS}
    refused = {"error": {"message": "Add credits.", "code": "insufficient_funds", "param": None,
                         "url": "https://x/credits/"}}  # fmt: skip
    bad = {"error": {"message": "`model` is required.", "type": "x", "param": "model", "code": "invalid_value"}}
    assert json.loads(to_error(json.dumps(bad).encode())) == {
        "error": "`model` is required.", "code": "invalid_value", "param": "model",
    }  # fmt: skip
    assert json.loads(to_error(json.dumps(refused).encode())) == {
        "error": "Add credits.", "code": "insufficient_funds", "url": "https://x/credits/",
    }  # fmt: skip


def test_an_absent_stream_means_true_and_what_is_not_offered_is_named() -> None:
    asked = {"model": "m", "messages": [], "max_tokens": 5, "temperature": None, "semantic_memory": True}
    assert to_openai(asked) == {
        "model": "m", "messages": [], "max_tokens": 5, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip
    assert to_openai({**asked, "stream": False})["stream"] is False
    wrongs: list[dict[str, Any]] = [
        {"functions": []}, {"stream": "yes"},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(BadField) as raised:
            to_openai({**asked, **wrong})
        assert raised.value.field == next(iter(wrong))


def test_a_conversation_is_named_by_its_id_and_asked_by_the_last_text_of_its_user() -> None:
    assert (conversation_of({"conversation_id": "conv_1"}), conversation_of({"conversation_id": ""})) == (
        "conv_1",
        None,
    )
    with pytest.raises(BadField):
        conversation_of({"conversation_id": 7})
    parts = [{"type": "text", "text": "One"}, {"type": "image_url", "image_url": {"url": "data:,"}},
             {"type": "text", "text": "Two"}]  # fmt: skip
    said = [{"role": "user", "content": "first"}, {"role": "user", "content": parts}, {"role": "assistant"}]
    assert question_of(said) == "One\n\nTwo" and question_of(said[:1]) == "first"
    assert [question_of(nothing) for nothing in (None, [], ["text"], [{"role": "user"}])] == [""] * 4


CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":"a\\nb"}'}}


def test_a_call_of_a_tool_is_told_as_it_comes_and_whole() -> None:
    piece = {"index": 0, **CALL}
    stream = AccountStream()
    told = stream.feed(
        chunk(choices=[{"index": 0, "delta": {"tool_calls": [piece]}}])
        + chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "tool_calls"}])
        + chunk(error={"message": "cut"})
    )
    for read in (by_npm, by_pypi, by_standard):
        called, error = read(told)
        assert called == {"model": "m", "delta": "", "tool_calls": [piece], "done": False}
        assert error["refunded"] is False, "a call is delivered and charged like text"
    whole = {"id": "c", "model": "m", "choices": [{"message": {"content": None, "tool_calls": [CALL]}}]}
    assert json.loads(to_whole(json.dumps(whole).encode()))["tool_calls"] == [CALL]


def test_what_a_program_asks_of_one_model_goes_to_it() -> None:
    asked = {"model": "m", "messages": [], "stream": False, "tools": [{"type": "function"}], "tool_choice": "auto",
             "parallel_tool_calls": False, "response_format": {"type": "json_object"}}  # fmt: skip
    assert to_openai(asked) == asked


STRANGE: list[dict[str, Any]] = [
    {"choices": ["x"]}, {"choices": [None]}, {"choices": {"a": 1}}, {"choices": "abc"}, {"choices": 5},
    {"choices": [{"delta": "x"}]}, {"choices": [{"delta": ["x"]}]}, {"choices": [{"delta": {"content": ["x"]}}]},
    {"choices": [{"delta": {"content": 5}}]}, {"model": ["m"], "choices": []}, {"paywall_route": "x", "choices": []},
    {"paywall": "x", "choices": []}, {"error": "text"}, {"paywall": {"charge": "9", "balance": "x"}, "choices": []},
]  # fmt: skip
"""What a provider may say that nobody understands."""


@pytest.mark.parametrize("strange", STRANGE)
def test_what_no_reader_understands_in_a_stream_is_passed_over(strange: dict[str, Any]) -> None:
    stream = AccountStream()
    first, *rest = (one + b"\n\n" for one in ANSWER.split(b"\n\n") if one)
    heard = b"".join(map(stream.feed, [first, b"data: " + json.dumps(strange).encode() + b"\n\n", *rest]))
    assert [one for one in by_npm(heard) if "error" not in one] == [
        {"model": "m", "delta": "Hi\n", "done": False}, {"event": "done", "done": True, **SUMS},
    ]  # fmt: skip


@pytest.mark.parametrize("route", [{"status": "answered"}, {"status": "answered", "leg": [1], "event": "done"}])
def test_a_route_that_a_provider_makes_up_before_its_answer_begins_ends_nothing(route: dict[str, Any]) -> None:
    heard = AccountStream().feed(chunk(choices=[], paywall_route=route) + ANSWER)
    made_up, *others = by_npm(heard)
    assert made_up == {**route, "event": "route"}
    assert others == [{"model": "m", "delta": "Hi\n", "done": False}, {"event": "done", "done": True, **SUMS}]


def test_a_provider_says_neither_what_an_answer_cost_nor_which_way_it_went() -> None:
    stream, spoofed = AccountStream(), {"request_id": "req_x", "charge": "900", "balance": "0"}
    first, *rest = (one + b"\n\n" for one in ANSWER.split(b"\n\n") if one)
    route = chunk(choices=[], paywall_route={"status": "answered", "leg": 7, "model": "better"})
    heard = b"".join(map(stream.feed, [first, chunk(choices=[], paywall=spoofed), route, *rest]))
    assert by_npm(heard) == [
        {"model": "m", "delta": "Hi\n", "done": False}, {"event": "done", "done": True, **SUMS},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("strange", "content"),
    [
        ({"choices": ["x"]}, ""), ({"choices": []}, ""), ({"choices": [{"message": "x"}]}, ""),
        ({"choices": [{"message": {"content": {"a": 1}}}]}, ""), ({"usage": [1]}, "Hi"),
        ({"choices": [{"message": {"content": [{"text": "Hi"}, {"type": "text", "text": "!"}]}}]}, "Hi!"),
        ({"usage": {"prompt_tokens": "z", "completion_tokens": None}}, "Hi"), ({"model": {"a": 1}}, "Hi"),
    ],
)  # fmt: skip
def test_a_whole_answer_that_is_charged_is_given_however_strange(strange: dict[str, Any], content: str) -> None:
    body = {"model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
            "paywall": {"request_id": "req_1", "charge": "2", "balance": "17000000"}, **strange}  # fmt: skip
    said = json.loads(to_whole(json.dumps(body).encode()))
    assert (said["content"], said["id"], said["credits_charged"]) == (content, "req_1", 2)
    assert isinstance(said["model"], str) and said["prompt_tokens"] == 0
