"""What says more than words is found, and where it begins."""

import pytest

from app.formats.openai_stream import is_special, special_from

WORD = b'data: {"choices": [{"index": 0, "delta": {"content": "hi"}}], "usage": null}\n\n'
SPECIAL = (
    b"data: [DONE]\n\n", b'data: {"choices": [], "usage": {"completion_tokens": 3}}\n\n',
    b'data: {"choices": [], "usage":\t7}\n\n', b'data: {"error": {"message": "no"}}\n\n',
    b"event: error\ndata: {}\n\n", b'data: {"choices": [], "timings": {"predicted_n": 2}}\n\n',
)  # fmt: skip


@pytest.mark.parametrize("special", SPECIAL)
def test_an_event_that_says_more_is_found_behind_words(special: bytes) -> None:
    assert is_special(special) and is_special(2 * WORD + special)
    assert special_from(2 * WORD + special + WORD) == len(2 * WORD)


@pytest.mark.parametrize("usual", [WORD, b": a comment\n\n", b"event: note\ndata: {}\n\n"])
def test_words_and_notes_say_nothing_more(usual: bytes) -> None:
    assert not is_special(usual + WORD)


def test_lines_that_end_in_returns_are_gone_through_from_the_beginning() -> None:
    assert special_from(WORD.replace(b"\n", b"\r\n") + SPECIAL[0]) == 0
