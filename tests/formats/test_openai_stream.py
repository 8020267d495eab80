"""A stream is the same however it was cut up."""

import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import ProviderFailed
from app.domain.pricing.quote import Tokens
from app.formats import openai_stream
from app.formats.event_stream import contents
from app.formats.openai_stream import StreamMeter

USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}}


def chunk(text: str | None = None, finish: str | None = None, **more: Any) -> str:
    delta = {} if text is None else {"content": text}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return "data: " + json.dumps({"id": "c", "choices": choices, **more}, ensure_ascii=False)


def stream(*events: str, ending: str = "\n\n") -> bytes:
    return "".join(event + ending for event in events).encode()


WHOLE = (chunk("Münz"), ": a comment", chunk('schlitz "usage": {"'), chunk(None, "stop"))
LAST = 'data: {"id": "c", "choices": [], "usage": ' + json.dumps(USAGE) + "}"


def feed(meter: StreamMeter, pieces: list[bytes]) -> bytes:
    return b"".join(meter.feed(piece) for piece in pieces) + meter.end()


def tokens_of(meter: StreamMeter) -> Tokens | None:
    return meter.usage.tokens if meter.usage else None


def text_of(meter: StreamMeter) -> str:
    written = meter.delivered()
    assert written is not None
    return written.text


@given(st.sampled_from(["\n\n", "\r\n\r\n"]), st.lists(st.integers(0, 700), max_size=40))
def test_any_cut_forwards_the_same_bytes_usage_and_end(ending: str, cuts: list[int]) -> None:
    raw = stream(*WHOLE, LAST, "data: [DONE]", ending=ending)
    places = sorted({0, len(raw), *(min(cut, len(raw)) for cut in cuts)})
    meter = StreamMeter()
    passed = feed(meter, [raw[a:b] for a, b in pairwise(places)])
    assert passed == stream(*WHOLE, ending=ending)
    assert (tokens_of(meter), meter.is_done, meter.error) == (Tokens(9, 4, 3), True, None)
    assert meter.usage_event is not None and meter.usage_event["usage"] == USAGE
    assert text_of(meter) == 'Münzschlitz "usage": {"'


ENDINGS = {
    "done": (LAST, "data: [DONE]"),
    "usage twice": (
        'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}',
        LAST,
        "data:[DONE]",
    ),
    "no done": (LAST, ": bye", ": bye"),
    "usage beside the last words": (chunk("!", usage=USAGE), "data: [DONE]"),
    "error": ('event: error\ndata: {"error": {"message": "overloaded"}}',),
    "nothing": (),
}


@pytest.mark.unhurried
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_stream_cut_at_any_place_or_at_all_of_them_means_the_same(ending: str, newline: str) -> None:
    raw = stream(*WHOLE, *ENDINGS[ending]).replace(b"\n", newline.encode())
    whole = StreamMeter()
    expected = feed(whole, [raw])
    pieces = [[raw[:place], raw[place:]] for place in range(len(raw))]
    for cut in [*pieces, [raw[place : place + 1] for place in range(len(raw))]]:
        meter = StreamMeter()
        assert feed(meter, cut) == expected
        assert (meter.usage, meter.usage_event, meter.is_done, meter.error) == (
            whole.usage, whole.usage_event, whole.is_done, whole.error,
        )  # fmt: skip
        assert (meter.delivered(), meter.has_finish_reason()) == (whole.delivered(), True)


def test_nothing_is_held_back_once_its_event_is_whole() -> None:
    meter = StreamMeter()
    for event in WHOLE:
        raw = stream(event)
        assert (meter.feed(raw[:-1]), meter.feed(raw[-1:])) == (b"", raw)


def test_a_plain_chunk_is_forwarded_as_the_very_bytes() -> None:
    meter, raw = StreamMeter(), stream(chunk("a"), chunk("b"))
    assert meter.feed(raw) is not None and meter.feed(raw) == raw


def test_the_last_usage_that_makes_sense_counts() -> None:
    meter = StreamMeter()
    with_usage = [chunk("a", usage={"prompt_tokens": n, "completion_tokens": n}) for n in (1, 2)]
    raw = stream(*with_usage, chunk("b", usage={"prompt_tokens": -1, "completion_tokens": 3}), "data: [DONE]")
    assert feed(meter, [raw]) == raw.replace(b"data: [DONE]\n\n", b"")
    assert (tokens_of(meter), meter.usage_event) == (Tokens(2, 3), None)


def said_by(index: int, usage: dict[str, int]) -> str:
    row = {"index": index, "delta": {"content": "x"}, "finish_reason": "stop", "usage": usage}
    return "data: " + json.dumps({"id": "c", "choices": [row]})


def test_every_choice_may_say_its_own_usage_in_an_event_of_its_own() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 20}
    meter = StreamMeter(wants_usage=True)
    passed = feed(meter, [stream(chunk("a"), said_by(0, usage)), stream(said_by(1, usage), "data: [DONE]")])
    assert tokens_of(meter) == Tokens(100, 40) and b"prompt_tokens" not in passed
    meter = StreamMeter()
    feed(meter, [stream(said_by(0, usage)), stream(said_by(1, usage))])
    meter.take_back()
    assert meter.usage is not None and meter.usage.tokens == Tokens(100, 20)
    feed(meter, [stream(said_by(1, usage))])
    assert meter.usage.tokens == Tokens(100, 40)


@pytest.mark.parametrize("said", [[7], "12", [{"prompt_tokens": 100, "completion_tokens": 20}], 7])
def test_whatever_stands_where_usage_does_is_kept_from_who_gets_ours(said: object) -> None:
    meter = StreamMeter(wants_usage=True)
    alone = "data: " + json.dumps({"id": "c", "choices": [], "usage": said})
    raw = stream(chunk("a"), chunk("b", usage=said), alone, "data: [DONE]")
    assert all(not content.get("usage") for content in contents(feed(meter, [raw])))
    assert text_of(meter) == "ab"


def test_what_the_provider_says_that_it_cost_stays_where_a_later_usage_does_not_say_it() -> None:
    meter = StreamMeter()
    feed(meter, [stream(chunk("a", usage={**USAGE, "cost": 0.5}), LAST, "data: [DONE]")])
    assert (tokens_of(meter), meter.usage and meter.usage.cost_nanos) == (Tokens(9, 4, 3), 500_000_000)


def test_what_was_kept_back_takes_its_usage_with_it() -> None:
    meter = StreamMeter()
    meter.feed(stream(chunk("a")))
    meter.feed(stream(chunk("b"), LAST.replace('"prompt_tokens"', '"cost": 0.5, "prompt_tokens"')))
    assert (tokens_of(meter), meter.usage and meter.usage.cost_nanos) == (Tokens(9, 4, 3), 500_000_000)
    meter.take_back()
    assert (meter.usage, meter.usage_event) == (None, None)
    assert text_of(meter) == "a"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"error": {"message": "overloaded"}}, {"message": "overloaded"}),
        ({"error": "overloaded"}, {"message": "overloaded"}),
        # OpenRouter's, beside an end that is none
        ({"error": {"code": 502}, "choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]}, {"code": 502}),
    ],
)
def test_an_error_in_the_middle_is_kept_back_with_what_follows(error: dict[str, Any], said: dict[str, Any]) -> None:
    meter = StreamMeter()
    assert feed(meter, [stream(chunk("a"), f"data: {json.dumps(error)}", chunk("b"))]) == stream(chunk("a"))
    assert (meter.error, meter.is_done) == ({"error": said}, False)


def test_usage_without_output_or_from_before_a_break_does_not_stand_for_the_answer() -> None:
    none, early, last = StreamMeter(), StreamMeter(), StreamMeter()
    feed(none, [stream(chunk("a"), LAST.replace('"completion_tokens": 4', '"completion_tokens": 0'), "data: [DONE]")])
    feed(early, [stream(chunk("a", usage=USAGE), chunk("b"))])
    feed(last, [stream(chunk("a"), LAST)])
    assert none.final_tokens(is_cut=False) is None
    assert (early.final_tokens(is_cut=True), early.final_tokens(is_cut=False)) == (None, None)
    assert last.final_tokens(is_cut=True) == Tokens(9, 4, 3)


def test_without_done_a_finish_reason_is_an_end() -> None:
    ended, cut = StreamMeter(), StreamMeter()
    feed(ended, [stream(chunk("a"), chunk(None, "stop"))])
    feed(cut, [stream(chunk("a"))])
    assert (ended.is_done, ended.has_finish_reason(), cut.has_finish_reason()) == (False, True, False)


def test_without_done_every_choice_needs_its_end() -> None:
    def said(index: int, finish: str | None) -> str:
        return "data: " + json.dumps(
            {"choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": finish}]}
        )

    one, both = StreamMeter(), StreamMeter()
    feed(one, [stream(said(0, None), said(1, None), said(0, "stop"))])
    feed(both, [stream(said(0, "stop"), said(1, None)), stream(said(1, "length")), stream(": bye"), stream(": bye")])
    assert (one.has_finish_reason(), both.has_finish_reason()) == (False, True)


@pytest.mark.parametrize(
    "broken",
    ['{"choices": 7}', '{"choices": {"a": 1}}', '{"choices": [7, null]}', '{"choices": [{"index": [], "delta": 7}]}',
     '{"choices": [{"delta": {"tool_calls": 7}}]}', '{"choices": [{"delta": {"tool_calls": {"a": 1}}}]}',
     '{"choices": [{"delta": {"tool_calls": [7, {"function": 7}, {"function": {"name": 7}}]}}]}',
     '{"choices": [{"delta": {"function_call": 7, "content": ["x"]}}]}', "7", "null", "[]", "{not json}"],
)  # fmt: skip
def test_nonsense_in_the_middle_does_not_stop_the_count(broken: str) -> None:
    meter = StreamMeter()
    raw = stream(chunk("a"), f"data: {broken}", chunk("b", "stop"))
    assert feed(meter, [raw]) == raw
    assert text_of(meter).replace("7", "").replace("x", "") == "ab"
    assert meter.has_finish_reason()


def test_done_inside_a_text_is_not_the_end() -> None:
    meter, raw = StreamMeter(), stream(chunk("[DONE]"), chunk('"error": "usage": {'))
    assert feed(meter, [raw]) == raw
    assert (meter.is_done, meter.error, meter.usage) == (False, None, None)


def test_comments_before_the_first_event_are_left_out_and_do_not_stand_for_it() -> None:
    meter = StreamMeter()
    assert meter.feed(b": processing\n\n") == b""
    assert meter.feed(b": processing\n\n" + stream(chunk("a"))) == b": processing\n\n" + stream(chunk("a"))
    assert meter.feed(b": processing\n\n") == b": processing\n\n"
    meter = StreamMeter()
    assert meter.feed(b": processing\n\n") == b""
    with pytest.raises(ProviderFailed):
        meter.feed(b'data: {"object": "list"}\n\n')


def test_a_last_event_without_its_blank_line_is_an_event() -> None:
    meter = StreamMeter()
    assert feed(meter, [chunk("a").encode()]) == stream(chunk("a"))


@pytest.mark.parametrize(
    "raw",
    [b"data: {not json}\n\n", b"<html>\n\n", b'data: {"object": "list"}\n\n', b'data: {"choices": 7}\n\n',
     b"data: 7\n\n", b'{"id": "x"}\n\n'],
)  # fmt: skip
def test_what_is_no_stream_of_completions_fails_at_its_first_event(raw: bytes) -> None:
    with pytest.raises(ProviderFailed):
        StreamMeter().feed(raw)


def test_an_error_that_comes_first_is_the_providers_own() -> None:
    with pytest.raises(ProviderFailed) as failed:
        StreamMeter().feed(b'data: {"error": {"message": "no credit"}}\n\n')
    assert failed.value.body == {"error": {"message": "no credit"}}


@pytest.mark.unhurried
def test_an_event_without_an_end_fails_in_time() -> None:
    meter = StreamMeter()
    with pytest.raises(ProviderFailed, match="without an end"):
        for _ in range(20):
            meter.feed(b"data: " + b"x" * 1_000_000)


@pytest.mark.unhurried
def test_too_much_to_keep_is_not_counted() -> None:
    meter = StreamMeter()
    for _ in range(10):
        meter.feed(stream(chunk("x" * 1_000_000)))
    assert meter.delivered() is None


def test_what_a_model_wrote_is_all_of_it() -> None:
    meter = StreamMeter()
    call = {"index": 0, "function": {"name": "look", "arguments": '{"a":'}}
    delta = {"reasoning_content": "hm ", "refusal": "no ", "tool_calls": [call]}
    event = "data: " + json.dumps({"choices": [{"index": 0, "delta": delta}, {"index": 1, "delta": {"content": "x"}}]})
    feed(meter, [stream(event)])
    assert text_of(meter) == 'hm no look{"a":x'


@pytest.mark.parametrize("seed", range(60))
def test_events_before_a_special_one_pass_at_once_as_they_do_one_by_one(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, said = random.Random(seed), {"prompt_tokens": 3, "completion_tokens": 4}
    kinds = [*[chunk("word")] * 12, chunk("[DONE]"), LAST, chunk(usage=None), chunk("x", usage=said), chunk(usage=said),
             chunk("x", error=None), chunk("x", error={"message": "no"}), "event: note\ndata: {}", chunk(None, "stop"),
             ": ping", "data: [DONE]", chunk("x", timings={"predicted_n": 2}), "event: error\ndata: {}"]  # fmt: skip
    raw = stream(chunk("Hi"), *(chance.choice(kinds) for _ in range(25)), ending=chance.choice(["\n\n", "\n\n\n"]))
    places = sorted(chance.sample(range(1, len(raw)), chance.randint(0, 6)))
    pieces = [raw[begin:end] for begin, end in pairwise([0, *places, len(raw)])]
    quick, exact = StreamMeter(seed % 2 == 0), StreamMeter(seed % 2 == 0)
    at_once = [quick.feed(piece) for piece in pieces]
    monkeypatch.setattr(openai_stream, "special_from", lambda data: 0)
    assert at_once == [exact.feed(piece) for piece in pieces]
    for name in ("usage", "usage_event", "is_done", "error", "kept", "_is_stale", "_is_alone", "_growth"):
        assert getattr(quick, name) == getattr(exact, name)
    assert [quick.final_tokens(is_cut=cut) for cut in (False, True)] == [
        exact.final_tokens(is_cut=cut) for cut in (False, True)
    ]
