"""The arithmetic of a charge. Pure: a price version and tokens by kind in, nanos out.

Everything is summed exactly and rounded once, at the total, half up (`decisions.md` 1); whole credits
are rounded up. Where a price has tiers, the length of the prompt chooses one for the whole request, as
providers do: a bound takes the dearest that the prompt can reach.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from functools import cached_property

from app.domain.money import NANOS, Unit
from app.domain.record import record

PER_MILLION = 1_000_000
BASIS_POINTS = 10_000
ONE_NANO = PER_MILLION * BASIS_POINTS
"""By so much a sum in the making is larger than its nanos: tokens per million, times basis points."""
_ONE_NANO_TWICE = 2 * ONE_NANO


class TokenKind(StrEnum):
    """Kinds of token that are priced apart.

    Each is a part of the prompt or of the output, so nothing is added twice, but for images with a price for
    each, which are counted beside their tokens.
    """

    INPUT = "input"
    """The prompt, but for the kinds below."""
    CACHED_INPUT = "cached_input"
    """The part of the prompt that the provider had read before."""
    CACHE_WRITE = "cache_write"
    """The part of the prompt that the provider keeps for the next request."""
    IMAGE_INPUT = "image_input"
    """Images in the prompt, by their tokens."""
    AUDIO_INPUT = "audio_input"
    """Sound in the prompt, by its tokens."""
    OUTPUT = "output"
    """The answer, but for the kinds below."""
    REASONING = "reasoning"
    """The part of the answer that the model thinks and does not say."""
    AUDIO_OUTPUT = "audio_output"
    """Sound in the answer, by its tokens."""
    IMAGE_OUTPUT = "image_output"
    """Images in the answer, by their tokens."""
    IMAGE = "image"
    """Images, one by one, where each has a price."""


@record(frozen=True, slots=True)
class Tier:
    """What all tokens of a request cost whose prompt has at least `from_tokens`, in nanos per million."""

    from_tokens: int
    input_nanos: int
    cached_input_nanos: int
    output_nanos: int
    cache_write_nanos: int | None = None
    image_input_nanos: int | None = None
    audio_input_nanos: int | None = None
    reasoning_nanos: int | None = None
    audio_output_nanos: int | None = None
    image_output_nanos: int | None = None


TIERED = tuple(field.name for field in fields(Tier) if field.name != "from_tokens")
"""The amounts that a tier replaces."""


@record(frozen=True, slots=False)
class Price:
    """One version of a model's price in a paywall.

    `*_nanos` are nanos of the unit per million tokens, `image_nanos` per million images that are sent,
    `request_nanos` per request, `minimum_nanos` the least charge of an answered request; `markup_basis_points`
    is added to all but the minimum. A kind without a price of its own costs what input or output does. `cost`
    is what the provider asks, where that is not this price itself; `tiers` stand in order.
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
    image_output_nanos: int | None = None
    image_nanos: int = 0
    tiers: tuple[Tier, ...] = ()
    cost: "Price | None" = None

    @cached_property
    def steps(self) -> tuple[tuple[int, "Price"], ...]:
        """The price by the least length of a prompt that it is for: this one from 0 on, then each tier's."""
        changed = [(tier.from_tokens, {name: getattr(tier, name) for name in TIERED}) for tier in self.tiers]
        return tuple((least, replace(self, tiers=(), **rates)) for least, rates in [(0, {}), *changed])

    def at(self, prompt_tokens: int) -> "Price":
        """Returns the price of a request with such a prompt, which has no tiers any more."""
        if not self.tiers:
            return self
        return next(price for least, price in reversed(self.steps) if prompt_tokens >= least)

    def tier_from(self, prompt_tokens: int) -> int | None:
        """Returns where the tier begins that such a prompt falls in; None below the first."""
        reached = [tier.from_tokens for tier in self.tiers if prompt_tokens >= tier.from_tokens]
        return reached[-1] if reached else None

    @cached_property
    def rates(self) -> Mapping[TokenKind, int]:
        """Nanos per million tokens of each kind, those of the prompt first; below the first tier."""
        of_input, of_output = self.input_nanos, self.output_nanos
        write, image, audio = self.cache_write_nanos, self.image_input_nanos, self.audio_input_nanos
        thought, spoken, drawn = self.reasoning_nanos, self.audio_output_nanos, self.image_output_nanos
        return {
            TokenKind.INPUT: of_input,
            TokenKind.CACHED_INPUT: self.cached_input_nanos,
            TokenKind.CACHE_WRITE: of_input if write is None else write,
            TokenKind.IMAGE_INPUT: of_input if image is None else image,
            TokenKind.AUDIO_INPUT: of_input if audio is None else audio,
            TokenKind.OUTPUT: of_output,
            TokenKind.REASONING: of_output if thought is None else thought,
            TokenKind.AUDIO_OUTPUT: of_output if spoken is None else spoken,
            TokenKind.IMAGE_OUTPUT: of_output if drawn is None else drawn,
            TokenKind.IMAGE: self.image_nanos,
        }

    @cached_property
    def amounts(self) -> tuple[int, ...]:
        """The same and, at the end, nanos per request; to compare prices by, amount by amount."""
        return (*self.rates.values(), self.request_nanos)

    @cached_property
    def dearest(self) -> tuple[int, int]:
        """What a prompt and an output token can cost at most below the first tier, whatever kinds they are."""
        return max(self.rates[kind] for kind in OF_PROMPT), max(self.rates[kind] for kind in OF_OUTPUT)

    @cached_property
    def dearest_text(self) -> tuple[int, int]:
        """The same where no images and no sound are sent, and no sound is asked for."""
        of_prompt = (TokenKind.INPUT, TokenKind.CACHED_INPUT, TokenKind.CACHE_WRITE)
        of_output = (TokenKind.OUTPUT, TokenKind.REASONING, TokenKind.IMAGE_OUTPUT)
        return max(self.rates[kind] for kind in of_prompt), max(self.rates[kind] for kind in of_output)

    @cached_property
    def is_free(self) -> bool:
        """Whether what is used costs nothing, whatever a request costs at least."""
        rates = (nanos for _, price in self.steps for nanos in price.rates.values())
        return not any((*rates, self.request_nanos))

    @cached_property
    def costs_nothing(self) -> bool:
        """Whether no request can ever cost anything."""
        return self.is_free and not self.minimum_nanos


OF_OUTPUT = (TokenKind.OUTPUT, TokenKind.REASONING, TokenKind.AUDIO_OUTPUT, TokenKind.IMAGE_OUTPUT)
OF_PROMPT = (TokenKind.INPUT, TokenKind.CACHED_INPUT, TokenKind.CACHE_WRITE, TokenKind.IMAGE_INPUT,
             TokenKind.AUDIO_INPUT)  # fmt: skip
_PARTS = (*OF_PROMPT[1:], *OF_OUTPUT[1:])


@record(frozen=True, slots=True)
class Tokens:
    """Tokens of one answer. `prompt` includes `cached`, and `output` everything that was thought or spoken.

    `other` are the kinds beside these three; a provider that counts more parts than there are of the
    whole is believed as far as the whole goes. `images` are those that were sent, where each has a price.
    """

    prompt: int
    output: int
    cached: int = 0
    other: tuple[tuple[TokenKind, int], ...] = ()
    images: int = 0

    def by_kind(self) -> list[tuple[TokenKind, int]]:
        """Returns each kind that occurred with its tokens, so that the parts add up to the whole."""
        cached = min(self.cached, self.prompt)
        if not self.other:
            kinds = [(TokenKind.INPUT, self.prompt - cached), (TokenKind.CACHED_INPUT, cached),
                     (TokenKind.OUTPUT, self.output)]  # fmt: skip
            if self.images:
                kinds.append((TokenKind.IMAGE, self.images))
            return [(kind, count) for kind, count in kinds if count]
        named = {**dict(self.other), TokenKind.CACHED_INPUT: cached}
        left = {True: self.prompt, False: self.output}
        found = dict.fromkeys((*OF_PROMPT, *OF_OUTPUT), 0)
        for kind in _PARTS:
            part = min(named.get(kind, 0), left[kind in OF_PROMPT])
            left[kind in OF_PROMPT] -= part
            found[kind] = part
        found |= {TokenKind.INPUT: left[True], TokenKind.OUTPUT: left[False], TokenKind.IMAGE: self.images}
        return [(kind, count) for kind, count in found.items() if count]


def charge_nanos(price: Price, tokens: Tokens) -> int:
    """Returns what an answered request costs, in nanos of the price's unit."""
    return _finish(price, _exact(price, tokens))


def unrounded(price: Price, tokens: Tokens) -> int:
    """Returns what an answer costs before it is rounded, and without the least, in parts of a nano: `ONE_NANO` each."""
    return _marked_up(price, _exact(price, tokens))


def round_up(unit: Unit, parts: int, minimum_nanos: int) -> int:
    """Returns parts of a nano as a charge in nanos, at least the minimum: rounded half up, whole credits always up."""
    if unit is Unit.CREDIT:
        return -(-max(parts, minimum_nanos * ONE_NANO) // (ONE_NANO * NANOS)) * NANOS
    total = (2 * parts + ONE_NANO) // _ONE_NANO_TWICE
    return total if total > minimum_nanos else minimum_nanos


def cost_nanos(price: Price, tokens: Tokens) -> int:
    """Returns what the provider is owed for these tokens by this price version: no markup, no minimum."""
    basis = price.cost or price
    exact = _exact(basis, tokens) + basis.request_nanos * PER_MILLION
    return (2 * exact + PER_MILLION) // (2 * PER_MILLION)


def _exact(price: Price, tokens: Tokens) -> int:
    rates = price.at(tokens.prompt).rates if price.tiers else price.rates
    return sum([rates[kind] * count for kind, count in tokens.by_kind()])


def bound_nanos(
    price: Price, prompt_tokens: int, output_tokens: int, *, has_media: bool = False, images: int = 0
) -> int:
    """Returns what a request of at most these tokens and images can cost, whatever kinds they turn out to be."""
    parts = unrounded_bound(price, prompt_tokens, output_tokens, has_media=has_media, images=images)
    return round_up(price.unit, parts, price.minimum_nanos)


def unrounded_bound(
    price: Price, prompt_tokens: int, output_tokens: int, *, has_media: bool = False, images: int = 0
) -> int:
    """Returns the same before it is rounded, and without the least, in parts of a nano: `ONE_NANO` each."""
    if price.tiers:
        reached = [(least, step) for least, step in price.steps if least <= prompt_tokens]
        ends = [*(least - 1 for least, _ in reached[1:]), prompt_tokens]
        return max(
            unrounded_bound(step, end, output_tokens, has_media=has_media, images=images)
            for (_, step), end in zip(reached, ends, strict=True)
        )
    dearest_input, dearest_output = price.dearest if has_media else price.dearest_text
    exact = dearest_input * prompt_tokens + dearest_output * output_tokens
    return _marked_up(price, exact + price.image_nanos * images if images else exact)


def affordable_output_tokens(
    price: Price, prompt_tokens: int, limit: int, nanos: int, *, has_media: bool = False, images: int = 0
) -> int:
    """Returns the largest output, at most `limit`, whose bound fits `nanos`; -1 if not even the prompt fits."""

    def fits(output_tokens: int) -> bool:
        return bound_nanos(price, prompt_tokens, output_tokens, has_media=has_media, images=images) <= nanos

    return largest(limit, fits)


def largest(limit: int, fits: Callable[[int], bool]) -> int:
    """Returns the largest number up to `limit` that fits, -1 if none does; what is less than one that fits fits too."""
    if fits(limit):
        return limit
    low, high = -1, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _finish(price: Price, exact: int) -> int:
    """Adds fee, markup and minimum to a sum of nanos × tokens per million, and rounds it once."""
    return round_up(price.unit, _marked_up(price, exact), price.minimum_nanos)


def _marked_up(price: Price, exact: int) -> int:
    return (exact + price.request_nanos * PER_MILLION) * (BASIS_POINTS + price.markup_basis_points)
