"""Counting where nobody else did."""

from app.adapters.tokens_tiktoken import TiktokenCounter
from app.flows.chat_request import read_chat_request
from app.flows.prompt_count import MESSAGE_TOKENS, REPLY_TOKENS, count_answer, count_prompt

COUNTER = TiktokenCounter()


def request(content: str) -> object:
    return {"model": "m", "messages": [{"role": "user", "content": content}]}


def test_a_prompt_is_counted_with_what_frames_its_messages() -> None:
    tokens = count_prompt(read_chat_request(request("Hello there")), COUNTER)
    assert tokens == (COUNTER.count("user\nHello there", "m") or 0) + MESSAGE_TOKENS + REPLY_TOKENS


def test_what_is_too_long_to_count_keeps_its_bound() -> None:
    parsed = read_chat_request(request("x " * 600_000))
    assert count_prompt(parsed, COUNTER) is None
    used = count_answer(parsed, None, COUNTER, 0, 77)
    assert (used.prompt, used.output) == (parsed.prompt_bytes, 77)


def test_an_answer_is_counted_by_its_text_and_its_media_by_their_price() -> None:
    content = [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    parsed = read_chat_request({"model": "m", "messages": [{"role": "user", "content": content}]})
    used = count_answer(parsed, "one two three", COUNTER, 500, 77)
    assert used.output == COUNTER.count("one two three", "m")
    assert 500 < used.prompt < 520
