"""A developer's own price as it is typed: what users pay, per million tokens of each kind, per request, at least. Pure.

An empty kind costs what input or output does; a model without input and output is not sold; 0 is free.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.domain.errors import BadField
from app.domain.money import format_decimal, parse_amount
from app.domain.pricing.list_price import TIERS_MAX
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import BASIS_POINTS, TIERED, Tier
from app.domain.pricing.tables import PriceSource
from app.domain.record import changed

BASE = tuple(name.removesuffix("_nanos") for name in TIERED)
"""The kinds that a tier prices too, as fields are called."""
FIELDS = (*BASE, "image", "request", "minimum")
"""What can be typed of a price below its first tier."""
_NEEDED = ("input", "output")
_RAISED = (*TIERED, "image_nanos", "request_nanos")
_PERCENT = re.compile(r"[+\-\u2212]?[0-9]{1,6}(\.[0-9]{1,2})?")
STARTS_DIGITS_MAX = 10
RAISE_MIN, RAISE_MAX = -BASIS_POINTS, 100 * BASIS_POINTS
_MESSAGE = "A decimal number such as 1.25, with at most 9 decimals and at most 1,000,000."


def parse_percent(text: str, field: str, least: int, most: int) -> int:
    """Returns the basis points of per cent as they are typed: `12.5` are 1250. Raises BadField out of these bounds."""
    plain = text.strip().removesuffix("%").strip()
    if not _PERCENT.fullmatch(plain):
        raise BadField(field, "A number of per cent with at most 2 decimals, such as 12.5.")
    sign = -1 if plain[0] in "-\u2212" else 1
    whole, _, rest = plain.lstrip("+-\u2212").partition(".")
    points = sign * (int(whole) * 100 + int(rest.ljust(2, "0")))
    if not least <= points <= most:
        raise BadField(field, f"Between {least // 100:,} % and {most // 100:,} %.")
    return points


def raised(price: NewPrice, basis_points: int) -> NewPrice:
    """Returns an own price at which users pay this much more than at another, or less; the same for 0.

    It has no markup: its amounts are what users pay, each rounded up to the nano. Raises BadField.
    """
    if not RAISE_MIN <= basis_points <= RAISE_MAX:
        raise BadField("percent", f"Between {RAISE_MIN // 100:,} % and {RAISE_MAX // 100:,} %.")
    share = (BASIS_POINTS + price.markup_basis_points) * (BASIS_POINTS + basis_points)

    def of_all(priced: NewPrice | Tier, names: tuple[str, ...]) -> dict[str, int]:
        return {name: -(-value * share // BASIS_POINTS**2) for name in names
                if (value := getattr(priced, name)) is not None}  # fmt: skip

    amounts = of_all(price, _RAISED)
    tiers = tuple(changed(tier, **of_all(tier, TIERED)) for tier in price.tiers)
    minimum = -(-price.minimum_nanos * (BASIS_POINTS + basis_points) // BASIS_POINTS)
    return changed(price, tiers=tiers, minimum_nanos=minimum, markup_basis_points=0, cost=None,
                   source=PriceSource.DEVELOPER, **amounts)  # fmt: skip


def typed_of(price: NewPrice) -> dict[str, str]:
    """Returns what stands in the fields of a price: what users pay now; tiers as `tier0_from`, `tier0_input` …"""
    own = raised(price, 0)
    found = {name: _text(getattr(own, f"{name}_nanos")) for name in FIELDS}
    for name in ("image", "request", "minimum"):
        found[name] = "" if found[name] == "0" else found[name]
    if found["cached_input"] == found["input"]:
        found["cached_input"] = ""
    for place, tier in enumerate(own.tiers):
        found[f"tier{place}_from"] = str(tier.from_tokens)
        found |= {f"tier{place}_{name}": _text(getattr(tier, f"{name}_nanos")) for name in BASE}
    return found


def _text(nanos: int | None) -> str:
    return "" if nanos is None else format_decimal(nanos)


def price_of(typed: Mapping[str, str], base: NewPrice) -> tuple[NewPrice | None, dict[str, str]]:
    """Returns the own price that was typed in the place of `base`, and what is wrong with it, by field.

    The price is None where something is wrong, and where neither input nor output was typed: that is not sold.
    """
    problems: dict[str, str] = {}

    def amount(name: str) -> int | None:
        text = typed.get(name, "").strip()
        if not text:
            return None
        try:
            return parse_amount(text, name, may_be_zero=True)
        except BadField:
            problems[name] = _MESSAGE
            return None

    amounts = {name: amount(name) for name in FIELDS}
    tiers = _tiers(typed, amount, problems)
    missing = [name for name in _NEEDED if amounts[name] is None and name not in problems]
    if len(missing) == 1 or (missing and any(value is not None for value in amounts.values())):
        problems |= dict.fromkeys(missing, "Needed too; with both empty the model is not sold.")
    if problems or missing:
        return None, problems
    values = {f"{name}_nanos": value for name, value in amounts.items()}
    none_is_zero = {f"{name}_nanos": amounts[name] or 0 for name in ("image", "request", "minimum")}
    own = replace(base, **{**values, **none_is_zero}, tiers=tiers, markup_basis_points=0, cost=None)  # type: ignore[arg-type]
    return replace(own, source=PriceSource.DEVELOPER), {}


def _tiers(typed: Mapping[str, str], amount: Callable[[str], int | None], problems: dict[str, str]) -> tuple[Tier, ...]:
    """Returns the tiers that were typed; one without its start is none."""
    found: list[Tier] = []
    for place in range(TIERS_MAX):
        start = typed.get(f"tier{place}_from", "").strip().replace(",", "")
        if not start:
            continue
        least = found[-1].from_tokens if found else 0
        if not (start.isdecimal() and start.isascii() and len(start) <= STARTS_DIGITS_MAX and int(start) > least):
            problems[f"tier{place}_from"] = "Whole tokens, more than in the step before."
            continue
        values = {f"{name}_nanos": amount(f"tier{place}_{name}") for name in BASE}
        needed = [name for name in _NEEDED if values[f"{name}_nanos"] is None]
        problems |= {f"tier{place}_{name}": "Needed too." for name in needed if f"tier{place}_{name}" not in problems}
        if needed:
            continue
        if values["cached_input_nanos"] is None:
            values["cached_input_nanos"] = values["input_nanos"]
        found.append(Tier(int(start), **values))  # type: ignore[arg-type]
    return tuple(found)
