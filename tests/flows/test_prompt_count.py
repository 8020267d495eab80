"""Counting where nobody else did."""

from hypothesis import given
from hypothesis import strategies as st

from app.adapters.tokens_tiktoken import TiktokenCounter
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat_request import read_chat_request
from app.flows.prompt_count import MESSAGE_TOKENS, REPLY_TOKENS, count_answer, count_prompt, with_images

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


def test_every_message_is_framed() -> None:
    def tokens(count: int) -> int:
        messages = [{"role": "user", "content": "Hi"}] * count
        return count_prompt(read_chat_request({"model": "m", "messages": messages}), COUNTER) or 0

    assert tokens(3) - tokens(2) >= MESSAGE_TOKENS + 1
    assert tokens(1) > MESSAGE_TOKENS + REPLY_TOKENS


def test_an_answer_that_is_too_long_to_count_keeps_its_bound_and_an_empty_one_is_nothing() -> None:
    parsed = read_chat_request(request("Hello"))
    assert count_answer(parsed, "x " * 600_000, COUNTER, 0, 77).output == 77
    used = count_answer(parsed, "", COUNTER, 0, 77)
    assert (used.output, used.prompt) == (0, count_prompt(parsed, COUNTER))


def test_special_tokens_in_a_prompt_are_text() -> None:
    assert (count_prompt(read_chat_request(request("<|endoftext|>")), COUNTER) or 0) > 10


@given(st.text(max_size=200))
def test_a_count_stays_below_the_bytes_that_bound_it(text: str) -> None:
    parsed = read_chat_request(request(text))
    tokens = count_prompt(parsed, COUNTER)
    assert tokens is not None and tokens <= parsed.prompt_bytes


@given(st.text(max_size=50))
def test_an_image_is_never_counted_by_its_bytes(text: str) -> None:
    url = "data:image/png;base64," + "A" * 10_000
    content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
    parsed = read_chat_request({"model": "m", "messages": [{"role": "user", "content": content}]})
    assert count_answer(parsed, "x", COUNTER, 500, 77).prompt < 500 + 50 * 4 + 40


def test_images_are_counted_only_where_each_has_a_price() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    parsed = read_chat_request({"model": "m", "messages": [{"role": "user", "content": [image, image]}]})
    metered = Metered(Tokens(1, 2), estimated=True)
    assert with_images(metered, parsed, 2) == Metered(Tokens(1, 2, images=2), estimated=True)
    assert with_images(metered, parsed, 0) is metered and with_images(Metered(None), parsed, 2) == Metered(None)
