"""The arithmetic of a charge. Pure: a price version and tokens by kind in, nanos out.

Everything is summed exactly and rounded once, at the total, half up (`decisions.md` 1); whole credits
are rounded up.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.domain.money import NANOS, Unit

PER_MILLION = 1_000_000
BASIS_POINTS = 10_000


class TokenKind(StrEnum):
    """Kinds of token that are priced apart. Cached input is part of the prompt, never added to it."""

    INPUT = "input"
    CACHED_INPUT = "cached_input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class Price:
    """One version of a model's price in a paywall.

    `*_nanos` are nanos of the unit per million tokens, `request_nanos` per request, `minimum_nanos`
    the least charge of an answered request; `markup_basis_points` is added to tokens and request fee.
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

    def per_million(self, kind: TokenKind) -> int:
        """Returns the nanos per million tokens of one kind."""
        match kind:
            case TokenKind.INPUT:
                return self.input_nanos
            case TokenKind.CACHED_INPUT:
                return self.cached_input_nanos
            case TokenKind.OUTPUT:
                return self.output_nanos

    @property
    def dearest_input_nanos(self) -> int:
        """What a prompt token can cost at most, whatever kind it turns out to be."""
        return max(self.input_nanos, self.cached_input_nanos)

    @property
    def is_free(self) -> bool:
        """Whether no request can ever cost anything."""
        return not any((self.input_nanos, self.cached_input_nanos, self.output_nanos, self.request_nanos,
                        self.minimum_nanos))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one answer. `prompt` includes `cached`; `output` includes reasoning."""

    prompt: int
    output: int
    cached: int = 0

    def by_kind(self) -> tuple[tuple[TokenKind, int], ...]:
        """Returns each kind with its tokens, so that the parts add up to the whole."""
        cached = min(self.cached, self.prompt)
        return (
            (TokenKind.INPUT, self.prompt - cached),
            (TokenKind.CACHED_INPUT, cached),
            (TokenKind.OUTPUT, self.output),
        )


def charge_nanos(price: Price, tokens: Tokens) -> int:
    """Returns what an answered request costs, in nanos of the price's unit."""
    exact = sum(price.per_million(kind) * count for kind, count in tokens.by_kind())
    return _finish(price, exact)


def bound_nanos(price: Price, prompt_tokens: int, output_tokens: int) -> int:
    """Returns what a request of at most these tokens can cost, whatever kinds the prompt's turn out to be."""
    return _finish(price, price.dearest_input_nanos * prompt_tokens + price.output_nanos * output_tokens)


def affordable_output_tokens(price: Price, prompt_tokens: int, limit: int, nanos: int) -> int:
    """Returns the largest output, at most `limit`, whose bound fits `nanos`; -1 if not even the prompt fits."""
    low, high = -1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if bound_nanos(price, prompt_tokens, middle) <= nanos else (low, middle - 1)
    return low


def _finish(price: Price, exact: int) -> int:
    """Adds fee, markup and minimum to a sum of nanos × tokens per million, and rounds it once."""
    scaled = (exact + price.request_nanos * PER_MILLION) * (BASIS_POINTS + price.markup_basis_points)
    if price.unit is Unit.CREDIT:
        least = max(scaled, price.minimum_nanos * PER_MILLION * BASIS_POINTS)
        return -(-least // (PER_MILLION * BASIS_POINTS * NANOS)) * NANOS
    total = (2 * scaled + PER_MILLION * BASIS_POINTS) // (2 * PER_MILLION * BASIS_POINTS)
    return max(total, price.minimum_nanos)
