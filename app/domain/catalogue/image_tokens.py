"""What a picture that is sent costs in tokens, by its maker's own table: for estimates, where no provider says it.

OpenAI: https://platform.openai.com/docs/guides/images-vision#calculating-costs; Anthropic:
https://docs.anthropic.com/en/docs/build-with-claude/vision; Google: https://ai.google.dev/gemini-api/docs/tokens;
xAI: https://docs.x.ai/docs/guides/image-understanding; Qwen's and others' patches of 28 pixels: their model cards.
"""

import re
from collections.abc import Callable
from math import ceil, floor, sqrt

UNKNOWN_SIZE = (1_024, 1_024)
"""How large a picture is taken for that stands elsewhere, or is written in a way that nobody knows."""
TILE, PATCH, PATCHES_MAX = 512, 32, 1_536
LOW = "low"

_Count = Callable[[float, float, bool], float]


def image_tokens(model: str, size: tuple[int, int] | None, detail: str | None = None) -> int:
    """Returns about how many tokens a picture of this width and height is; `detail` is OpenAI's."""
    width, height = size or UNKNOWN_SIZE
    count = next((count for pattern, count in _TABLE if pattern.search(model)), _area(1_568, 1_600))
    return max(ceil(count(width, height, detail == LOW)), 1)


def _tiles(base: int, tile: int) -> _Count:
    """OpenAI's tiles of 512: scaled into a square of 2,048, then down to 768 on the shorter side."""

    def count(width: float, height: float, is_low: bool) -> float:
        if is_low:
            return base
        scale = min(1, 2_048 / max(width, height))
        scale = min(scale, 768 / min(width, height))
        return base + tile * ceil(round(width * scale) / TILE) * ceil(round(height * scale) / TILE)

    return count


def _patches(factor: float) -> _Count:
    """OpenAI's patches of 32: scaled down until there are at most 1,536."""

    def count(width: float, height: float, is_low: bool) -> float:
        if ceil(width / PATCH) * ceil(height / PATCH) > PATCHES_MAX:
            scale = sqrt(PATCH * PATCH * PATCHES_MAX / (width * height))
            across, down = width * scale / PATCH, height * scale / PATCH
            scale *= min(max(floor(across), 1) / across, max(floor(down), 1) / down)
            width, height = round(width * scale), round(height * scale)
        return min(ceil(width / PATCH) * ceil(height / PATCH), PATCHES_MAX) * factor

    return count


def _area(side_max: int, tokens_max: int) -> _Count:
    """Anthropic's: a token for 750 pixels, scaled down to its longest side and its most tokens."""

    def count(width: float, height: float, is_low: bool) -> float:
        scale = min(1, side_max / max(width, height))
        return min(width * height * scale * scale / 750, tokens_max)

    return count


def _crops(width: float, height: float, is_low: bool) -> float:
    """Google's: 258 for a small picture, or for each tile of a larger one."""
    if max(width, height) <= 384:
        return 258
    side = min(max(floor(min(width, height) / 1.5), 256), 768)
    return 258 * ceil(width / side) * ceil(height / side)


def _grok(width: float, height: float, is_low: bool) -> float:
    """xAI's: 256 for each tile of 448, at most six, and one more."""
    return 256 * (min(ceil(width / 448) * ceil(height / 448), 6) + 1)


def _squares(side: int, tokens_max: int) -> _Count:
    """A token for each square of so many pixels."""

    def count(width: float, height: float, is_low: bool) -> float:
        return min(ceil(width / side) * ceil(height / side), tokens_max)

    return count


def _fixed(tokens: int) -> _Count:
    return lambda width, height, is_low: tokens


_TABLE: tuple[tuple[re.Pattern[str], _Count], ...] = tuple(
    (re.compile(rf"(^|/)({names})", re.IGNORECASE), count)
    for names, count in (
        (r"gpt-4o-mini", _tiles(2_833, 5_667)),
        (r"gpt-(4\.1|5)-nano", _patches(2.46)),
        (r"gpt-(4\.1|5)-mini", _patches(1.62)),
        (r"o4-mini", _patches(1.72)),
        (r"gpt-4|chatgpt-4o", _tiles(85, 170)),
        (r"gpt-5", _tiles(70, 140)),
        (r"o1|o3", _tiles(75, 150)),
        (r"computer-use", _tiles(65, 129)),
        (r"claude-opus-4[.-][7-9]", _area(2_576, 4_784)),
        (r"claude-", _area(1_568, 1_600)),
        (r"gemini-3", _fixed(1_120)),
        (r"gemini-", _crops),
        (r"grok-", _grok),
        (r"pixtral", _squares(16, 4_096)),
        (r"mistral|ministral|magistral", _squares(28, 3_025)),
        (r"qwen", _squares(28, 1_280)),
    )
)
"""How each maker counts, by the beginning of a model's name."""
