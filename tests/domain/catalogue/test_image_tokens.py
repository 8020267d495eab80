"""A picture costs what its maker's table says, and never more than what is held for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.catalogue.image_tokens import image_tokens
from app.domain.catalogue.models import image_tokens_max


@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        # OpenAI's own examples: 1,024 squared is four tiles, 2,048 x 4,096 six, low detail the base.
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("openai/gpt-4.1", (512, 512), None, 255),
        ("gpt-4o-mini", (64, 64), None, 8_500),
        ("gpt-4o-mini", (1024, 1024), "auto", 25_501),
        ("gpt-5", (1024, 1024), None, 630),
        ("gpt-5-mini", (1024, 1024), None, 1_659),
        ("o3", (512, 512), None, 225),
        # ... 1,024 squared is 1,024 patches, 1,800 x 2,400 is scaled down to 1,452.
        ("o4-mini", (1024, 1024), None, 1_762),
        ("gpt-4.1-mini", (1800, 2400), None, 2_353),
        ("gpt-4.1-nano", (32, 32), None, 3),
        # Anthropic's: 200 squared 54, 1,000 squared 1,334, 1,092 squared 1,590.
        ("claude-sonnet-4-5", (200, 200), None, 54),
        ("anthropic/claude-3.5-haiku", (1000, 1000), None, 1_334),
        ("claude-sonnet-4-5", (1092, 1092), None, 1_590),
        ("claude-sonnet-4-5", (8000, 8000), None, 1_600),
        ("claude-opus-4-7", (8000, 8000), None, 4_784),
        # Google's: 258 up to 384, tiles of a side of two thirds of the shorter beyond (960 x 540: six).
        ("gemini-2.5-flash", (384, 384), None, 258),
        ("google/gemini-2.0-flash", (960, 540), None, 1_548),
        ("gemini-3-pro", (960, 540), None, 1_120),
        ("grok-4", (448, 448), None, 512),
        ("grok-2-vision", (9000, 9000), None, 1_792),
        ("qwen-vl-max", (280, 280), None, 100),
        ("llava-13b", (300, 500), None, 200),
        ("gpt-4o", None, None, 765),
        ("gpt-4o", (1, 1), None, 255),
    ],
)
def test_a_picture_is_what_its_makers_table_says(
    model: str, size: tuple[int, int] | None, detail: str | None, tokens: int
) -> None:
    assert image_tokens(model, size, detail) == tokens


@given(
    st.sampled_from(["gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-nano", "gpt-4.1-mini", "o1", "o3", "o4-mini",
                     "claude-opus-4-7", "claude-3-haiku"]),
    st.integers(1, 100_000), st.integers(1, 100_000), st.sampled_from([None, "low", "high"]),
)  # fmt: skip
def test_no_picture_is_more_than_what_is_held_for_one(model: str, width: int, height: int, detail: str | None) -> None:
    most = image_tokens_max(model)
    assert most is not None and 1 <= image_tokens(model, (width, height), detail) <= most
