"""A verdict is one JSON object that fits its schema, and nothing that only looks like one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flows.modes.verdict import Score, Verdict, read_verdict, schema_of

LETTERS = ["A", "B"]


def said(**changed: Any) -> dict[str, Any]:
    scores = {"A": {"score": 9, "reason": "Right."}, "B": {"score": 2.5, "reason": "Wrong."}}
    return {"winner": "A", "scores": scores, "reason": "A is right.", **changed}


def test_one_object_is_a_verdict_in_a_fence_too() -> None:
    wanted = Verdict(0, [Score(0, 9, "Right."), Score(1, 2.5, "Wrong.")], "A is right.")
    assert read_verdict(json.dumps(said()), LETTERS) == wanted
    assert read_verdict(f"\n```json\n{json.dumps(said())}\n```\n", LETTERS) == wanted
    assert read_verdict(json.dumps(said(winner="tie")), LETTERS) == Verdict(None, wanted.scores, wanted.reason)


@pytest.mark.parametrize(
    "changed",
    [{"winner": "C"}, {"winner": None}, {"winner": ["A"]}, {"reason": 3}, {"scores": []}, {"more": 1},
     {"scores": {"A": {"score": 1, "reason": ""}}},
     {"scores": {"A": {"score": 11, "reason": ""}, "B": {"score": 1, "reason": ""}}},
     {"scores": {"A": {"score": True, "reason": ""}, "B": {"score": 1, "reason": ""}}},
     {"scores": {"A": {"score": 1}, "B": {"score": 1, "reason": ""}}}],
)  # fmt: skip
def test_what_does_not_fit_is_none(changed: dict[str, Any]) -> None:
    assert read_verdict(json.dumps(said(**changed)), LETTERS) is None


@pytest.mark.parametrize("shape", ["{0} {0}", "My verdict: {0}", "{0}!", "[{0}]", "```\n{0}\n```\n{0}"])
def test_an_object_beside_anything_else_is_none(shape: str) -> None:
    assert read_verdict(shape.replace("{0}", json.dumps(said())), LETTERS) is None


@given(st.text() | st.integers(0, 200).map(lambda at: json.dumps(said())[:at]))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_verdict(text, LETTERS)
    assert found is None or text.strip() == json.dumps(said())


def test_the_schema_names_every_answer() -> None:
    schema = schema_of(LETTERS)
    assert schema["properties"]["scores"]["required"] == LETTERS
    assert schema["properties"]["winner"]["enum"] == ["A", "B", "tie"]
