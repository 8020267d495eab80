"""Legs of a request that asks several models: what each used, what all come to, and how they stand in the receipt.

All legs are one charge, rounded once and at least the minimum once; it is shared among them by what each came to
(`decisions.md` 19). A leg that has `tokens` is charged for them, any other costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from app.domain.legs.sharing import share
from app.domain.legs.tables import LegStatus, RequestLeg
from app.domain.money import NANOS, Unit, format_decimal, format_fraction, parse_nanos
from app.domain.pricing.quote import ONE_NANO, Price, Tokens, cost_nanos, round_up, unrounded
from app.domain.pricing.receipts import markup_percent, token_lines
from app.domain.record import record
from app.domain.rows import Row, RowInsert, RowUpdate
from app.sql.columns import table_of

TABLE = table_of(RequestLeg)
_EXACT = NANOS * ONE_NANO
"""Parts of a nano in one unit."""
_NAMED = ("leg", "model", "provider", "billing_source", "price_version")
"""What names a leg in a receipt's line as in its row."""


class Source(StrEnum):
    """Who pays the provider of a leg."""

    PLATFORM = "platform"
    """We do, and charge for it."""
    OWN = "byok"
    """The user does, by a key of their own."""


@record(frozen=True, slots=True)
class LegUse:
    """One leg, and what came of it so far.

    `tokens` are what is charged: None for a leg that costs nothing, whatever its provider wrote; `unpaid` are what that
    was, where it is known: its provider is owed for it all the same. `reason` is the code
    of why it did not answer, `reported_nanos` what its provider said that it cost, in USD; `seed` is what the order was
    drawn by in which it read what others answered.
    """

    leg: int
    model: str
    provider: str
    price: Price
    status: LegStatus = LegStatus.CUT
    tokens: Tokens | None = None
    source: Source = Source.PLATFORM
    is_estimated: bool = False
    reported_nanos: int | None = None
    reason: str | None = None
    seed: int | None = None
    unpaid: Tokens | None = None

    @property
    def is_charged(self) -> bool:
        """Whether it costs something of ours."""
        return self.tokens is not None and self.source is Source.PLATFORM

    @property
    def parts(self) -> int:
        """What it costs before anything is rounded, in parts of a nano."""
        return unrounded(self.price, self.tokens) if self.tokens is not None and self.is_charged else 0

    @property
    def cost_nanos(self) -> int:
        """What its provider is owed by us."""
        used = self.tokens or self.unpaid
        return cost_nanos(self.price, used) if used is not None and self.source is Source.PLATFORM else 0

    @property
    def as_free(self) -> "LegUse":
        """The same, if nobody pays for it."""
        return replace(self, tokens=None, unpaid=self.tokens or self.unpaid)


def charge_of(unit: Unit, legs: Sequence[LegUse]) -> int:
    """Returns what legs cost together, in nanos: rounded once, at least the minimum; 0 where none is charged."""
    return round_up(unit, sum(leg.parts for leg in legs), minimum_of(legs)) if _are_charged(legs) else 0


def cost_of(legs: Sequence[LegUse]) -> int:
    """Returns what providers are owed for them together, in nanos."""
    return sum(leg.cost_nanos for leg in legs)


def minimum_of(legs: Sequence[LegUse]) -> int:
    """Returns the least that they cost together."""
    return max((leg.price.minimum_nanos for leg in legs if leg.is_charged), default=0)


def tokens_of(legs: Sequence[LegUse]) -> int | None:
    """Returns all their tokens, None where none were used."""
    used = [leg.tokens for leg in legs if leg.tokens is not None]
    return sum(tokens.prompt + tokens.output for tokens in used) if used else None


def source_of(legs: Sequence[LegUse]) -> Source:
    """Returns who paid for what was answered: their user where each that was used went by an own key."""
    used = [leg for leg in legs if leg.tokens is not None] or legs
    return Source.OWN if used and all(leg.source is Source.OWN for leg in used) else Source.PLATFORM


def _are_charged(legs: Sequence[LegUse]) -> bool:
    return any(leg.is_charged for leg in legs)


def arithmetic(legs: Sequence[LegUse]) -> dict[str, Any]:
    """Returns what a receipt keeps of them: a line for each, and what they are worked out from.

    `amount` is what a leg comes to with its markup, exactly, before the total is rounded.
    """
    return {
        "estimated": any(leg.is_estimated for leg in legs),
        "legs": [_line(leg) for leg in legs],
        "minimum": format_decimal(minimum_of(legs)),
    }


def _line(leg: LegUse) -> dict[str, Any]:
    line: dict[str, Any] = {
        "leg": leg.leg,
        "model": leg.model,
        "provider": leg.provider,
        "billing_source": leg.source.value,
        "status": leg.status.value,
        "price_version": leg.price.version,
        "markup_percent": markup_percent(leg.price),
        "amount": format_fraction(leg.parts, _EXACT),
        "cost": format_decimal(leg.cost_nanos),
        "lines": [] if leg.tokens is None else _token_lines(leg, leg.tokens),
        "tokens": None if leg.tokens is None else leg.tokens.prompt + leg.tokens.output,
    }
    if leg.is_estimated:
        line["estimated"] = True
    if leg.reason is not None:
        line["reason"] = leg.reason
    if leg.seed is not None:
        line["seed"] = leg.seed
    if leg.reported_nanos is not None:
        line["provider_cost"] = format_decimal(leg.reported_nanos)
    return line


def _token_lines(leg: LegUse, tokens: Tokens) -> list[dict[str, Any]]:
    lines = token_lines(leg.price, tokens)
    if leg.is_charged:
        return lines
    return [{**line, "price_per_million": "0", "amount": "0"} for line in lines if line["kind"] != "request"]


def with_charges(detail: Mapping[str, Any], charge_nanos: int) -> dict[str, Any]:
    """Returns what `arithmetic` made with each leg's part of a charge in it, by what it came to."""
    lines = detail.get("legs", ())
    paying = [at for at, line in enumerate(lines) if line["tokens"] and line["billing_source"] == Source.PLATFORM]
    # Where a charge was taken for nothing that is written here, it still has to stand somewhere.
    paying = paying or [at for at, line in enumerate(lines) if line["billing_source"] == Source.PLATFORM]
    paying = paying or list(range(len(lines)))
    parts = dict(zip(paying, share(charge_nanos, [_parse(lines[at]["amount"]) for at in paying]), strict=True))
    charged = [{**line, "charge": format_decimal(parts.get(at, 0))} for at, line in enumerate(lines)]
    return {**detail, "legs": charged}


def _parse(decimal: str) -> int:
    """Reads back an exact amount, in parts of a nano."""
    whole, _, decimals = decimal.partition(".")
    return int(whole + decimals.ljust(len(str(_EXACT)) - 1, "0"))


def shares_of_refund(
    detail: Mapping[str, Any], amount_nanos: int, given_before: Mapping[int, int]
) -> list[dict[str, Any]]:
    """Returns what each leg of a charge's receipt gives back of an amount: what the refund's own receipt keeps; nothing
    where there are no legs.

    It goes by what is left of the leg's charge after what it has `given_before`, in nanos by its number: so none ever
    gives more than it was charged, and the last refund takes what is left of each.
    """
    lines = detail.get("legs", ())
    left = [max(parse_nanos(line["charge"]) - given_before.get(line["leg"], 0), 0) for line in lines]
    parts = share(amount_nanos, left)
    return [
        {**{name: line[name] for name in (*_NAMED, "status")}, "charge": format_decimal(part)}
        for line, part in zip(lines, parts, strict=True)
        if part
    ]


def rows_of_refund(refund_id: str, receipt: Mapping[str, Any]) -> list[Row]:
    """Returns the rows of what legs gave back, which a refund's receipt says."""
    lines = [{**line, "tokens": None, "cost": "0"} for line in receipt.get("given_back", ())]
    return rows_of(refund_id, {"legs": lines})


def rows_of(request_id: str, detail: Mapping[str, Any], *, are_there: bool = False) -> list[Row]:
    """Returns the rows of a receipt's legs, new ones, or changes where they `are_there`; none where it has no legs."""
    rows: list[Row] = []
    for line in detail.get("legs", ()):
        row_id = f"{request_id}:{line['leg']}"
        ended = {
            "status": line["status"],
            "tokens": line["tokens"],
            "charge_nanos": parse_nanos(line["charge"]),
            "cost_nanos": parse_nanos(line["cost"]),
        }
        named = {
            "id": row_id,
            "request_id": request_id,
            **{name: line[name] for name in _NAMED},
        }
        rows.append(RowUpdate(TABLE, row_id, ended) if are_there else RowInsert(TABLE, {**named, **ended}))
    return rows
