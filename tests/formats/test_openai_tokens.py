"""Counting where nobody else did."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adapters.providers.tiktoken import TiktokenCounter
from app.domain.pricing.quote import Tokens
from app.domain.usage.requests import Metered
from app.flows.chat.decide import bound_of
from app.formats.openai_message import Written
from app.formats.openai_request import ChatRequest, read_chat_request
from app.formats.openai_tokens import (
    MESSAGE_TOKENS,
    REPLY_TOKENS,
    count_answer,
    count_prompt,
    count_written,
    prompt_tokens,
    with_images,
)
from tests.support.deciding import OFFER
from tests.support.pictures import PNG, url_of

COUNTER = TiktokenCounter()
SMALL = url_of(PNG)
"""640 by 480."""


def request(content: Any, model: str = "m", count: int = 1) -> ChatRequest:
    return read_chat_request({"model": model, "messages": [{"role": "user", "content": content}] * count})


def image(url: str, **more: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, **more}}


@pytest.mark.unhurried
def test_a_prompt_is_counted_with_what_frames_its_messages() -> None:
    tokens = count_prompt(request("Hello there"), COUNTER)
    assert tokens == (COUNTER.count("user\nHello there", "m") or 0) + MESSAGE_TOKENS + REPLY_TOKENS


def test_what_is_too_long_to_count_keeps_its_bound() -> None:
    parsed = request("x " * 600_000)
    assert count_prompt(parsed, COUNTER) is None
    used = count_answer(parsed, replace(OFFER, context_tokens_max=None), None, COUNTER, 77)
    assert (used.prompt, used.output) == (parsed.prompt_bytes, 77)


@pytest.mark.unhurried
def test_every_message_is_framed() -> None:
    one, two, three = (count_prompt(request("Hi", count=count), COUNTER) or 0 for count in (1, 2, 3))
    assert three - two == two - one >= MESSAGE_TOKENS + 1
    assert one > MESSAGE_TOKENS + REPLY_TOKENS


def test_an_answer_that_is_too_long_to_count_keeps_its_bound_and_an_empty_one_is_nothing() -> None:
    parsed = request("Hello")
    assert count_answer(parsed, OFFER, Written("x " * 600_000), COUNTER, 77).output == 77
    used = count_answer(parsed, OFFER, Written(""), COUNTER, 77)
    assert (used.output, used.prompt) == (0, count_prompt(parsed, COUNTER))


def test_pictures_and_sound_that_were_written_are_counted_beside_the_words() -> None:
    assert (
        count_written(Written("one two three", 2_500), "m", COUNTER) == (COUNTER.count("one two three", "m") or 0) + 3
    )
    assert count_written(Written("x " * 600_000, 9), "m", COUNTER) is None


def test_special_tokens_in_a_prompt_are_text() -> None:
    assert (count_prompt(request("<|endoftext|>"), COUNTER) or 0) > 10


@pytest.mark.unhurried
@given(st.text(max_size=200))
def test_a_count_stays_below_the_bytes_that_bound_it(text: str) -> None:
    parsed = request(text)
    tokens = count_prompt(parsed, COUNTER)
    assert tokens is not None and tokens <= parsed.prompt_bytes


@pytest.mark.unhurried
@pytest.mark.parametrize(
    ("model", "part", "tokens"),
    [
        ("gpt-4o-mini", image(SMALL), 2_833 + 2 * 5_667),
        ("gpt-4o-mini", image(SMALL, detail="low"), 2_833),
        ("gpt-4o", image(SMALL), 85 + 2 * 170),
        ("claude-3-5-sonnet", image(SMALL), 410),
        ("claude-3-5-sonnet", {"type": "image", "source": {"type": "base64", "data": SMALL.partition(",")[2]}}, 410),
        ("gemini-2.5-flash", image(SMALL), 4 * 258),
        ("gpt-4o", image("https://x/y.png"), 765),
        ("pixtral-12b", {"type": "image_url", "image_url": SMALL}, 1_200),
        ("gpt-4o-mini", {"type": "input_audio", "input_audio": {"data": "A" * 400, "format": "mp3"}}, 400),
        ("gpt-4o", {"type": "file", "file": {"file_id": "file-1"}}, 90_000),
    ],
)  # fmt: skip
def test_a_part_that_is_no_text_is_counted_as_its_maker_does(model: str, part: dict[str, Any], tokens: int) -> None:
    parsed, offer = request([part], model), replace(OFFER, context_tokens_max=None, part_tokens_max=90_000)
    assert prompt_tokens(parsed, offer, COUNTER) == (count_prompt(parsed, COUNTER) or 0) + tokens


def test_no_prompt_is_longer_than_what_the_model_can_read() -> None:
    parsed = request([image("https://x/y.png")] * 8, "gpt-4o-mini")
    offer = replace(OFFER, context_tokens_max=128_000, part_tokens_max=48_169)
    assert prompt_tokens(parsed, offer, COUNTER) == 128_000
    assert 8 * 25_501 < prompt_tokens(parsed, replace(offer, context_tokens_max=None), COUNTER) < 8 * 25_501 + 40


@given(st.lists(st.sampled_from([SMALL, "https://x/y.png", "data:image/png;base64," + "A" * 500]), max_size=4),
       st.sampled_from(["gpt-4o-mini", "claude-3-haiku", "llava"]), st.integers(1, 60_000))  # fmt: skip
def test_an_estimate_never_exceeds_what_is_held(urls: list[str], model: str, part_tokens_max: int) -> None:
    offer = replace(OFFER, part_tokens_max=part_tokens_max)
    parsed = request([{"type": "text", "text": "Look"}, *map(image, urls)], model)
    assert prompt_tokens(parsed, offer, COUNTER) <= bound_of(parsed, offer).prompt_tokens


def test_images_are_counted_only_where_each_has_a_price() -> None:
    parsed = request([image("https://x/y.png"), image("https://x/y.png")])
    metered = Metered(Tokens(1, 2), estimated=True)
    assert with_images(metered, parsed, 2) == Metered(Tokens(1, 2, images=2), estimated=True)
    assert with_images(metered, parsed, 0) is metered and with_images(Metered(None), parsed, 2) == Metered(None)


def test_raw_base64_is_a_picture_too() -> None:
    assert request([{"type": "image", "source": {"data": b64encode(PNG).decode()}}]).media_parts == 1
