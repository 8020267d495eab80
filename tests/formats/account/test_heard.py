"""What an answer said is heard off its events, however they were cut, of one leg or of several."""

import orjson
import pytest

from app.formats.account.chat import COMMENT, event
from app.formats.account.heard import Heard, HeardLeg

STREAM = b"".join([
    event({"model": "a", "leg": 0, "delta": "One\nand "}), COMMENT, event({"model": "b", "leg": 1, "delta": "€ 🪙"}),
    b'event: cost\ndata: {"about":"1 credit"}\n\n', event({"model": "a", "leg": 0, "delta": "two"}),
    event({"model": "c", "leg": 2, "error": "It failed.", "status_code": 502}),
    event({"event": "done", "done": True, "credits_charged": 2, "verdict": {"winner": "A"}}),
])  # fmt: skip
LEGS = [(0, HeardLeg("a", "One\nand two")), (1, HeardLeg("b", "€ 🪙")), (2, HeardLeg("c", "", "It failed."))]


@pytest.mark.parametrize("size", [1, 7, len(STREAM)])
def test_each_leg_is_heard_however_the_stream_is_cut(size: int) -> None:
    heard = Heard()
    for start in range(0, len(STREAM), size):
        heard.feed(STREAM[start : start + size])
    assert heard.read() == LEGS and heard.has_answer and heard.is_whole
    assert heard.beside == {"credits_charged": 2, "verdict": {"winner": "A"}}


def test_one_model_has_no_leg_in_its_events_and_an_error_at_the_end_is_everybodys() -> None:
    heard = Heard()
    heard.feed(event({"model": "demo", "delta": "Hal", "done": False}))
    assert heard.has_answer and not heard.is_whole
    heard.feed(event({"error": "It broke off.", "status_code": 502, "refunded": False, "done": True}))
    assert heard.read() == [(0, HeardLeg("demo", "Hal", "It broke off."))] and heard.is_whole


def test_a_whole_answer_is_heard_too_of_one_or_several() -> None:
    one, several = Heard(), Heard()
    one.take_whole(orjson.dumps({"content": "Hello", "model": "demo", "credits_charged": 1}))
    assert one.read() == [(0, HeardLeg("demo", "Hello"))] and one.beside == {"credits_charged": 1}
    several.take_whole(orjson.dumps({"responses": [{"model": "a", "content": "A"}, {"model": "b", "error": "No."}]}))
    assert several.read() == [(0, HeardLeg("a", "A")), (1, HeardLeg("b", "", "No."))]
    blended = Heard()
    legs = [{"model": "a", "leg": 0, "content": "A", "status": "answered"}]
    writer = {"model": "c", "leg": 1, "status": "answered"}
    blended.take_whole(orjson.dumps({"responses": legs, "synthesizer": "w", "synthesis": writer, "content": "Both"}))
    assert blended.read() == [(0, HeardLeg("a", "A")), (1, HeardLeg("c", "Both"))]
    nothing = Heard()
    nothing.take_whole(b"not json")
    assert not nothing.has_answer


def test_several_legs_are_heard_with_how_each_ended_and_what_the_mode_made_of_them() -> None:
    heard = Heard()
    for said in (
        {"event": "route", "model": "a", "leg": 0, "status": "failed", "status_code": 502, "other": 1},
        {"event": "source", "model": "a", "leg": 0, "status": "answered", "content": "One"},
        {"event": "leg", "model": "b", "leg": 1, "status": "failed", "reason": "timeout"},
        {"model": "c", "leg": 2, "delta": "Both"},
        {"event": "verdict", "verdict": None, "reason": "funds"},
        {"event": "summary", "synthesizer": {"leg": 2}, "dropped": [{"model": "d"}]},
        {"event": "done", "done": True, "credits_charged": 4},
    ):
        heard.feed(event(said))
    assert heard.read() == [(0, HeardLeg("a", "One")), (1, HeardLeg("b", "", "timeout")), (2, HeardLeg("c", "Both"))]
    assert heard.beside == {
        "trace": [{"model": "a", "leg": 0, "status": "failed", "status_code": 502, "reason": None}],
        "verdict": None, "reason": "funds", "synthesizer": {"leg": 2}, "dropped": [{"model": "d"}],
        "credits_charged": 4,
    }  # fmt: skip
