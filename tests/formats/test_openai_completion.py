"""A paywall answer is a real completion."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.openai_completion import DONE, streamed, whole
from tests.support.spec import check_answer, check_chunk


@pytest.mark.unhurried
@given(st.text(min_size=1), st.booleans())
def test_a_streamed_answer_says_the_same_as_the_whole_one(text: str, wants_usage: bool) -> None:
    *events, done = streamed("m", text, {"action": "topup"}, wants_usage)
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    for chunk in chunks:
        check_chunk(chunk)
    assert done == DONE
    assert "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]) == text
    assert [chunk.get("paywall") for chunk in chunks] == [None] * (len(chunks) - 1) + [{"action": "topup"}]
    if wants_usage:
        assert chunks[-1]["usage"]["total_tokens"] == 0 and chunks[-2]["choices"][0]["finish_reason"] == "stop"
    else:
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop" and "usage" not in chunks[-1]


def test_a_whole_answer_is_as_openai_defines_it() -> None:
    answer = json.loads(whole("m", "Add funds here.", {"action": "topup"}))
    check_answer(answer)
    assert answer["choices"][0]["finish_reason"] == "stop"
