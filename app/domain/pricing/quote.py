"""The arithmetic of a charge. Pure: a price version and tokens by kind in, nanos out.

Everything is summed exactly and rounded once, at the total, half up (`decisions.md` 1); whole credits
are rounded up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from app.domain.money import NANOS, Unit

PER_MILLION = 1_000_000
BASIS_POINTS = 10_000


class TokenKind(StrEnum):
    """Kinds of token that are priced apart.

    All but the last three are parts of the prompt and those of the output: nothing is added twice.
    """

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    CACHE_WRITE = "cache_write"
    IMAGE_INPUT = "image_input"
    AUDIO_INPUT = "audio_input"
    OUTPUT = "output"
    REASONING = "reasoning"
    AUDIO_OUTPUT = "audio_output"


@dataclass(frozen=True)
class Price:
    """One version of a model's price in a paywall.

    `*_nanos` are nanos of the unit per million tokens, `request_nanos` per request, `minimum_nanos`
    the least charge of an answered request; `markup_basis_points` is added to tokens and request fee.
    A kind without a price of its own costs what input or output does.
    """

    id: str
    model: str
    version: int
    unit: Unit
    input_nanos: int
    cached_input_nanos: int
    output_nanos: int
    request_nanos: int = 0
    minimum_nanos: int = 0
    markup_basis_points: int = 0
    cache_write_nanos: int | None = None
    image_input_nanos: int | None = None
    audio_input_nanos: int | None = None
    reasoning_nanos: int | None = None
    audio_output_nanos: int | None = None

    @cached_property
    def rates(self) -> Mapping[TokenKind, int]:
        """Nanos per million tokens of each kind, those of the prompt first."""

        def of_input(nanos: int | None) -> int:
            return self.input_nanos if nanos is None else nanos

        def of_output(nanos: int | None) -> int:
            return self.output_nanos if nanos is None else nanos

        return {
            TokenKind.INPUT: self.input_nanos,
            TokenKind.CACHED_INPUT: self.cached_input_nanos,
            TokenKind.CACHE_WRITE: of_input(self.cache_write_nanos),
            TokenKind.IMAGE_INPUT: of_input(self.image_input_nanos),
            TokenKind.AUDIO_INPUT: of_input(self.audio_input_nanos),
            TokenKind.OUTPUT: self.output_nanos,
            TokenKind.REASONING: of_output(self.reasoning_nanos),
            TokenKind.AUDIO_OUTPUT: of_output(self.audio_output_nanos),
        }

    @cached_property
    def dearest(self) -> tuple[int, int]:
        """What a prompt and an output token can cost at most, whatever kinds they turn out to be."""
        dearest_input = max(nanos for kind, nanos in self.rates.items() if kind not in OF_OUTPUT)
        return dearest_input, max(self.rates[kind] for kind in OF_OUTPUT)

    @cached_property
    def dearest_text(self) -> tuple[int, int]:
        """The same where there are no images and no sound."""
        of_prompt = (TokenKind.INPUT, TokenKind.CACHED_INPUT, TokenKind.CACHE_WRITE)
        rates = self.rates
        return max(rates[kind] for kind in of_prompt), max(rates[TokenKind.OUTPUT], rates[TokenKind.REASONING])

    @cached_property
    def is_free(self) -> bool:
        """Whether no request can ever cost anything."""
        return not any((*self.rates.values(), self.request_nanos, self.minimum_nanos))


OF_OUTPUT = (TokenKind.OUTPUT, TokenKind.REASONING, TokenKind.AUDIO_OUTPUT)
_OF_PROMPT = (TokenKind.CACHED_INPUT, TokenKind.CACHE_WRITE, TokenKind.IMAGE_INPUT, TokenKind.AUDIO_INPUT)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one answer. `prompt` includes `cached`, and `output` everything that was thought or spoken.

    `other` are the kinds beside these three; a provider that counts more parts than there are of the
    whole is believed as far as the whole goes.
    """

    prompt: int
    output: int
    cached: int = 0
    other: tuple[tuple[TokenKind, int], ...] = ()

    def by_kind(self) -> list[tuple[TokenKind, int]]:
        """Returns each kind that occurred with its tokens, so that the parts add up to the whole."""
        cached = min(self.cached, self.prompt)
        if not self.other:
            kinds = ((TokenKind.INPUT, self.prompt - cached), (TokenKind.CACHED_INPUT, cached),
                     (TokenKind.OUTPUT, self.output))  # fmt: skip
            return [(kind, count) for kind, count in kinds if count]
        named = {**dict(self.other), TokenKind.CACHED_INPUT: cached}
        left = {True: self.prompt, False: self.output}
        found = []
        for kind in (*_OF_PROMPT, *OF_OUTPUT[1:]):
            part = min(named.get(kind, 0), left[kind in _OF_PROMPT])
            left[kind in _OF_PROMPT] -= part
            found.append((kind, part))
        found = [(TokenKind.INPUT, left[True]), *found[:4], (TokenKind.OUTPUT, left[False]), *found[4:]]
        return [(kind, count) for kind, count in found if count]


def charge_nanos(price: Price, tokens: Tokens) -> int:
    """Returns what an answered request costs, in nanos of the price's unit."""
    rates = price.rates
    return _finish(price, sum([rates[kind] * count for kind, count in tokens.by_kind()]))


def cost_nanos(price: Price, tokens: Tokens) -> int:
    """Returns what the provider is owed for these tokens by this price version: no markup, no minimum."""
    exact = sum([price.rates[kind] * count for kind, count in tokens.by_kind()]) + price.request_nanos * PER_MILLION
    return (2 * exact + PER_MILLION) // (2 * PER_MILLION)


def bound_nanos(price: Price, prompt_tokens: int, output_tokens: int, *, has_media: bool = False) -> int:
    """Returns what a request of at most these tokens can cost, whatever kinds they turn out to be."""
    dearest_input, dearest_output = price.dearest if has_media else price.dearest_text
    return _finish(price, dearest_input * prompt_tokens + dearest_output * output_tokens)


def affordable_output_tokens(
    price: Price, prompt_tokens: int, limit: int, nanos: int, *, has_media: bool = False
) -> int:
    """Returns the largest output, at most `limit`, whose bound fits `nanos`; -1 if not even the prompt fits."""
    if bound_nanos(price, prompt_tokens, limit, has_media=has_media) <= nanos:
        return limit
    low, high = -1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high)
            if bound_nanos(price, prompt_tokens, middle, has_media=has_media) <= nanos
            else (low, middle - 1)
        )
    return low


def _finish(price: Price, exact: int) -> int:
    """Adds fee, markup and minimum to a sum of nanos × tokens per million, and rounds it once."""
    scaled = (exact + price.request_nanos * PER_MILLION) * (BASIS_POINTS + price.markup_basis_points)
    if price.unit is Unit.CREDIT:
        least = max(scaled, price.minimum_nanos * PER_MILLION * BASIS_POINTS)
        return -(-least // (PER_MILLION * BASIS_POINTS * NANOS)) * NANOS
    total = (2 * scaled + PER_MILLION * BASIS_POINTS) // (2 * PER_MILLION * BASIS_POINTS)
    return max(total, price.minimum_nanos)
