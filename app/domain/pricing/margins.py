"""What a price leaves: where it is below what its provider asks, and what a chat brings whom. Pure."""

from dataclasses import dataclass

from app.domain.money import NANOS, format_fraction
from app.domain.pricing.quote import BASIS_POINTS, Price, TokenKind, Tokens, charge_nanos, cost_nanos
from app.domain.pricing.split import SplitTerms, lengths, loses, losses, split_charge

NO_FEE = SplitTerms(0, pays_provider=False)
"""Of a paywall whose charges are not split."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What one chat brings: `user` is the charge, and the others are its parts, all in nanos of the price's unit.

    `provider` and `developer` are None where nobody knows what the provider asks; `developer` is negative where the
    chat costs more than it brings. `margin_basis_points` is the developer's part of the charge, rounded down, None
    where that is unknown or nothing is charged.
    """

    user: int
    provider: int | None
    platform: int
    developer: int | None

    @property
    def margin_basis_points(self) -> int | None:
        if self.developer is None or not self.user:
            return None
        return self.developer * BASIS_POINTS // self.user


def brought_by(price: Price, tokens: Tokens, terms: SplitTerms | None, asked: Price | None) -> Brought:
    """Returns what a chat of these tokens brings at a price, by the arithmetic that charges and splits.

    `asked` is what the provider asks, without markup; `terms` are None where a charge is not split.
    """
    rules, user = terms or NO_FEE, charge_nanos(price, tokens)
    fee = split_charge(SplitTerms(rules.fee_basis_points, pays_provider=False), 0, 0, user).platform
    if rules.pays_provider:
        owed: int | None = cost_nanos(price, tokens)
    else:
        owed = None if asked is None else cost_nanos(asked, tokens)
    return Brought(user, owed, fee, None if owed is None else user - fee - owed)


def kinds_at_a_loss(price: Price, terms: SplitTerms | None, asked: Price | None) -> tuple[str, ...]:
    """Returns the kinds whose price, less the fee, is below what the provider asks, each once; `request` among them."""
    if asked is None or not loses(terms or NO_FEE, price, asked):
        return ()
    return tuple(dict.fromkeys(loss.kind for loss in losses(terms or NO_FEE, price, asked)))


@dataclass(frozen=True, slots=True)
class Moved:
    """How far the amounts of a price moved: the largest rise and the deepest fall, as shares of before.

    Both are numerator and denominator, (1, 1) where nothing rose or fell.
    """

    rise: tuple[int, int] = (1, 1)
    fall: tuple[int, int] = (1, 1)

    @property
    def is_tenfold(self) -> bool:
        """Whether some amount became ten times what it was or more, or a tenth or less."""
        return self.rise[0] >= TENFOLD * self.rise[1] or self.fall[0] * TENFOLD <= self.fall[1]


TENFOLD = 10


def user_rate(price: Price, kind: TokenKind) -> str:
    """Returns what users pay per million tokens of a kind, below the first tier, as an exact decimal string."""
    share = BASIS_POINTS + price.markup_basis_points
    return format_fraction(price.rates[kind] * share, NANOS * BASIS_POINTS)


def user_fee(price: Price) -> str:
    """Returns what users pay per request beside its tokens, as an exact decimal string."""
    return format_fraction(price.request_nanos * (BASIS_POINTS + price.markup_basis_points), NANOS * BASIS_POINTS)


def moved(before: Price, after: Price) -> Moved:
    """Returns how far what users pay moves, kind by kind; what was free has no share to compare."""
    rise, fall = (1, 1), (1, 1)
    for old, new in _pairs(before, after):
        if old and new * rise[1] > rise[0] * old:
            rise = (new, old)
        if old and new * fall[1] < fall[0] * old:
            fall = (new, old)
    return Moved(rise, fall)


def _pairs(before: Price, after: Price) -> list[tuple[int, int]]:
    """Returns the amounts that users pay, before and after, at every length of a prompt where one changes."""
    old_share, new_share = BASIS_POINTS + before.markup_basis_points, BASIS_POINTS + after.markup_basis_points
    found = [(before.minimum_nanos, after.minimum_nanos)]
    for length in lengths(before, after):
        pairs = zip(before.at(length).amounts, after.at(length).amounts, strict=True)
        # Most kinds cost what input or output does.
        found += [(old * old_share, new * new_share) for old, new in dict.fromkeys(pairs)]
    return found
