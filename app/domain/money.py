"""Money: whole nanos (10⁻⁹ of a unit) inside, decimal strings outside, floats nowhere.

The rules are `decisions.md` 1: an amount in one call is a JSON string or integer without sign or
exponent, with at most 9 decimals and at most 1,000,000 units.
"""

import re
from enum import StrEnum
from functools import lru_cache

from app.domain.errors import BadField

NANOS = 1_000_000_000
"""Nanos in one unit."""
MICRO_NANOS = 1_000
"""Nanos in 10⁻⁶ of a unit, the base unit of USDC and of `balance` in JSON."""
AMOUNT_UNITS_MAX = 1_000_000

_DECIMAL = re.compile(r"(\d{1,20})(?:\.(\d{1,40}))?")


class Unit(StrEnum):
    """What a wallet counts. 1 USD = 1 USDC = 100 CREDIT in every price."""

    USD = "USD"
    """Dollars in a developer's own app: the money is at the developer's rail."""
    USDC = "USDC"
    """Dollars that all apps share: the operator keeps a USDC for each."""
    CREDIT = "CREDIT"
    """Whole credits of the operator's own paywall."""


class Environment(StrEnum):
    """Whether money is real. The two never touch."""

    SANDBOX = "sandbox"
    """Play money: demo provider, sandbox checkout, test chains."""
    LIVE = "live"
    """Real money."""


TEST_CHAINS = (31_337, 80_002)
"""The chains of play money: the sandbox's moves on these alone, and live money never does."""


def environment_of_chain(chain_id: int) -> Environment:
    """Returns whose money moves on a chain."""
    return Environment.SANDBOX if chain_id in TEST_CHAINS else Environment.LIVE


def parse_amount(value: object, field: str = "amount", *, may_be_zero: bool = False) -> int:
    """Returns the nanos of an amount that came from outside, more than zero and at most 1,000,000 units.

    A price may be zero. Raises BadField, which names `field`, for anything else; floats are refused
    because they cannot say what was meant.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise BadField(field, f'`{field}` must be a decimal string such as "1.25" or an integer.')
    # Python will not write an integer of more than 4,300 digits; one just out of range says the same.
    text = value if isinstance(value, str) else str(max(-1, min(value, AMOUNT_UNITS_MAX + 1)))
    match = _DECIMAL.fullmatch(text) if text.isascii() else None
    if match is None:
        raise BadField(field, f"`{field}` must be a positive decimal number without sign or exponent.")
    decimals = match[2] or ""
    if len(decimals) > 9:
        raise BadField(field, f"`{field}` has {len(decimals)} decimals; at most 9 are possible.")
    nanos = int(match[1]) * NANOS + int(decimals.ljust(9, "0"))
    if nanos == 0 and not may_be_zero:
        raise BadField(field, f"`{field}` must be more than zero.")
    if nanos > AMOUNT_UNITS_MAX * NANOS:
        raise BadField(field, f"`{field}` is too large; at most {AMOUNT_UNITS_MAX} is possible in one call.")
    return nanos


def parse_nanos(decimal: str) -> int:
    """Reads back what `format_decimal` wrote."""
    whole, _, decimals = decimal.partition(".")
    return int(whole + decimals.ljust(9, "0"))


EXACT_DECIMALS = 15
"""Decimals of nanos per million tokens."""


def parse_exact(decimal: str) -> int:
    """Reads back an exact decimal string of at most 15 decimals, in millionths of a nano."""
    whole, _, decimals = decimal.partition(".")
    return int(whole + decimals.ljust(EXACT_DECIMALS, "0"))


def round_exact(millionths: int) -> int:
    """Returns millionths of a nano as nanos, half up."""
    return (millionths + 500_000) // 1_000_000


def format_decimal(nanos: int) -> str:
    """Writes nanos as an exact decimal string of the unit, without needless zeros: `0.0125`."""
    return format_fraction(nanos, NANOS)


@lru_cache(maxsize=4_096)  # a paywall's prices are written into every receipt
def format_fraction(numerator: int, denominator: int) -> str:
    """Writes numerator / denominator (a power of ten) exactly, without needless zeros."""
    whole, rest = divmod(abs(numerator), denominator)
    decimals = str(rest).zfill(len(str(denominator)) - 1).rstrip("0")
    sign = "-" if numerator < 0 else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def format_base_units(nanos: int) -> str:
    """Writes nanos as a string of whole 10⁻⁶ units, rounded down: the form of `balance` in JSON."""
    return str(nanos // MICRO_NANOS)


def format_for_people(nanos: int, unit: Unit) -> str:
    """Writes an amount for people, rounded towards zero to cents: `$1.25`, `1.25 USDC`, `125 credits`.

    An amount that cents cannot show keeps up to six decimals, or all of them, so that no money reads as zero.
    """
    sign, nanos = ("-" if nanos < 0 else ""), abs(nanos)
    if unit is Unit.CREDIT:
        credits, dot, decimals = format_decimal(nanos).partition(".")
        return f"{sign}{int(credits):,}{dot}{decimals} {'credit' if nanos == NANOS else 'credits'}"
    shown = nanos // MICRO_NANOS if 0 < nanos < NANOS // 100 else nanos // 10_000_000 * 10_000
    whole, rest = divmod(shown, 1_000_000)
    decimals = str(rest).zfill(6).rstrip("0").ljust(2, "0")
    number = format_decimal(nanos) if 0 < nanos < MICRO_NANOS else f"{whole:,}.{decimals}"
    return f"{sign}${number}" if unit is Unit.USD else f"{sign}{number} USDC"


def format_sum(nanos: int, unit: Unit) -> str:
    """Writes what many amounts come to: cents, below a cent two digits that count, rounded towards zero."""
    sign, size = ("−" if nanos < 0 else ""), abs(nanos)
    if not 0 < size < CENT_NANOS:
        return sign + format_for_people(size // CENT_NANOS * CENT_NANOS, unit)
    step = 10 ** max(len(str(size)) - 2, 0)
    number = format_decimal(size // step * step)
    return f"{sign}${number}" if unit is Unit.USD else f"{sign}{number} {_UNIT_WORDS[unit]}"


_UNIT_WORDS = {Unit.USD: "", Unit.USDC: "USDC", Unit.CREDIT: "credits"}


def format_finely(nanos: int, unit: Unit) -> str:
    """Writes a single charge, or what is left of a bound: up to six decimals, rounded towards zero, at least cents."""
    sign, micros = ("−" if nanos < 0 else ""), abs(nanos) // 1_000
    whole, rest = divmod(micros, 1_000_000)
    number = f"{whole:,}.{str(rest).zfill(6).rstrip('0').ljust(2, '0')}"
    if 0 < abs(nanos) < 1_000:
        number = f"{abs(nanos) / NANOS:.9f}"
    return f"{sign}${number}" if unit is Unit.USD else f"{sign}{number} {_UNIT_WORDS[unit]}"


CREDITS_PER_DOLLAR = 100
CENT_NANOS = NANOS // 100


def nanos_of_cents(cents: int, unit: Unit) -> int:
    """Returns what cents of US dollars are in a unit: a dollar is a USDC and 100 credits, at no other rate."""
    return cents * CENT_NANOS * (CREDITS_PER_DOLLAR if unit is Unit.CREDIT else 1)
