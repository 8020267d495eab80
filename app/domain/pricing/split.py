"""Who gets a charge in shared mode. Pure; every nano of it goes somewhere (`decisions.md` 11, 12)."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.errors import BadField
from app.domain.money import format_decimal
from app.domain.pricing.quote import BASIS_POINTS, Price, TokenKind


@dataclass(frozen=True, slots=True)
class SplitTerms:
    """What a charge is split by: the platform's fee, and whether the platform pays the provider.

    Where the paywall `is_operators`, what is left is the operator's revenue and nobody's earnings.
    """

    fee_basis_points: int
    pays_provider: bool
    is_operators: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a charge goes, in nanos that add up to it.

    `provider` is what the provider is owed, `platform` the fee, `developer` the earnings, `returned` trial money
    that goes back to where it came from. `unpaid` is what the provider is owed beyond the charge.
    """

    provider: int
    platform: int
    developer: int
    returned: int
    unpaid: int
    provider_from_trial: int = 0


def split_charge(terms: SplitTerms, cost_nanos: int, from_trial: int, from_wallet: int) -> Parts:
    """Splits what was taken of trial money and wallet, for an answer that cost `cost_nanos`.

    The fee is rounded down and the cost is at most what the fee leaves; the rest is the developer's, so their
    margin is exact. Trial money pays its share of the cost and nothing else.
    """
    cost = cost_nanos if terms.pays_provider else 0
    total = from_trial + from_wallet
    trial_cost = min(cost * from_trial // total, from_trial) if total else 0
    fee = from_wallet * terms.fee_basis_points // BASIS_POINTS
    wallet_cost = min(cost - trial_cost, from_wallet - fee)
    paid = trial_cost + wallet_cost
    return Parts(paid, fee, from_wallet - fee - wallet_cost, from_trial - trial_cost, cost - paid, trial_cost)


def part_of_cost(cost_nanos: int, wanted: int, before: int) -> int:
    """Returns what is left of a cost when `before` of the `wanted` charge was taken, and split, earlier."""
    return cost_nanos - cost_nanos * min(before, wanted) // wanted if before and wanted else cost_nanos


def check_share(terms: SplitTerms, price: Price) -> None:
    """Raises BadField for a price of which fee and provider leave the developer less than nothing."""
    kept = (BASIS_POINTS + price.markup_basis_points) * (BASIS_POINTS - terms.fee_basis_points)
    if terms.pays_provider and price.cost is not None:
        if loses(terms, price, price.cost):
            _check_against(price.cost, price, terms)
        return
    if terms.pays_provider and not price.is_free and kept < BASIS_POINTS**2:
        needed = -(-(BASIS_POINTS**2) // (BASIS_POINTS - terms.fee_basis_points)) - BASIS_POINTS
        message = (
            f"`markup_basis_points` of {price.model} must be at least {needed}: the provider's cost and the platform's "
            "fee would be more than the charge."
        )
        raise BadField("markup_basis_points", message)


def _check_against(cost: Price, price: Price, terms: SplitTerms) -> None:
    """Raises BadField for a kind of token whose price, less the fee, is below what the provider asks for it."""
    for loss in losses(terms, price, cost):
        behind = f" for prompts of {loss.from_tokens} tokens and more" if loss.from_tokens else ""
        message = (
            f"`{loss.kind}_nanos` of {price.model}{behind} must be higher: the provider asks "
            f"{format_decimal(loss.asked_nanos)} per {'request' if loss.kind == REQUEST else 'million'}, and with the "
            "platform's fee that would be more than the charge."
        )
        raise BadField(f"{loss.kind}_nanos", message)


REQUEST = "request"
"""What the fee of a request is called among the kinds of token."""


@dataclass(frozen=True, slots=True)
class Loss:
    """An amount of a price that is below what its provider asks: of a kind of token, or of a `request`."""

    kind: str
    from_tokens: int
    asked_nanos: int


def losses(terms: SplitTerms, price: Price, asked: Price) -> Iterator[Loss]:
    """Yields each kind whose price, less the fee, is below what the provider asks, at every length of a prompt."""
    kept = (BASIS_POINTS + price.markup_basis_points) * (BASIS_POINTS - terms.fee_basis_points)
    for length in lengths(asked, price):
        own, owed = price.at(length).amounts, asked.at(length).amounts
        # Most kinds cost what input or output does, so that a price has few pairs that differ.
        if all(
            nanos * kept >= asked_nanos * BASIS_POINTS**2 for nanos, asked_nanos in set(zip(own, owed, strict=True))
        ):
            continue
        for kind, nanos, asked_nanos in zip((*map(str, TokenKind), REQUEST), own, owed, strict=True):
            if nanos * kept < asked_nanos * BASIS_POINTS**2:
                yield Loss(kind, length, asked_nanos)


def loses(terms: SplitTerms, price: Price, asked: Price) -> bool:
    """Tells whether `losses` would yield anything, faster: most kinds cost what input or output does."""
    kept = (BASIS_POINTS + price.markup_basis_points) * (BASIS_POINTS - terms.fee_basis_points)
    for length in lengths(asked, price):
        for nanos, owed in dict.fromkeys(zip(price.at(length).amounts, asked.at(length).amounts, strict=True)):
            if nanos * kept < owed * BASIS_POINTS**2:
                return True
    return False


def lengths(*prices: Price) -> list[int]:
    """Returns the lengths of a prompt at which one of these prices begins or changes, in order."""
    starts = {0}
    for price in prices:
        if price.tiers:
            starts.update(tier.from_tokens for tier in price.tiers)
    return sorted(starts)
