"""Receipts: a charge explained to its last digit. Pure; the JSON of `http-api.md` is made here once.

The stored receipt is what was true when the charge was posted; it is never rewritten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain import clock
from app.domain.money import NANOS, Unit, format_decimal, format_fraction
from app.domain.paywalls.configuration import Disconnect, UserPlace
from app.domain.pricing.quote import PER_MILLION, Price, Tokens


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One line: `tokens` × `price_per_million` = `amount`, decimal strings of the unit, exact."""

    kind: str
    tokens: int
    price_per_million: str
    amount: str


@dataclass(frozen=True, slots=True)
class ReceiptLeg:
    """One model's part of a request that asked several: its `lines`, what they come to with the markup (`amount`,
    exact), and its part of the charge. `status` is `answered`, `failed`, `skipped` or `cut`, `reason` the code of why;
    `seed` is what the order was drawn by in which a judge read the answers.
    """

    leg: int
    model: str
    provider: str
    billing_source: str
    status: str
    reason: str | None
    estimated: bool
    price_version: int
    tokens: int | None
    markup_percent: str
    amount: str
    charge: str
    lines: Sequence[ReceiptLine]
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one request cost and why. Amounts are decimal strings of `unit`.

    `status` is `settled`, `interrupted` (its process was lost; the last checkpoint was charged),
    `released` (nothing charged) or `running`. `disconnect` says what happened to the charge when the
    client went away: None, `cancel`, `drain` or `free`. `split` and `provider_cost` (what the provider said
    that it cost, in USD) are for the developer only. `late` is the second line of a receipt whose process
    came back after its hold had expired: what was used in the end, and what that added. `tier_from_tokens`
    is set where the prompt was so long that another price counts: from this many tokens on.
    `user_from` is the place that named the user: `body`, `header` or `url`, None where that was not kept yet.
    `paywall_version` is the version of the paywall that decided and `key_id` the key that asked, None in receipts from
    before they were kept; `session` and `agent` are the app's own labels and `order` the order that it belongs to, None
    without. `mode` is `compare`, `blend`, `judge` or `mesh` where several models were asked, each of which is one of
    `legs`; together they are the charge.
    """

    id: str
    client_request_id: str | None
    kind: str
    status: str
    created_at: str
    user: str
    model: str | None
    provider: str | None
    billing_source: str
    streamed: bool
    estimated: bool
    disconnect: Disconnect | None
    price_version: int | None
    unit: str
    lines: Sequence[ReceiptLine]
    minimum: str
    markup_percent: str
    charge: str
    hold: str
    released: str
    split: Mapping[str, str] | None
    shortfall: str = "0"
    provider_cost: str | None = None
    late: Mapping[str, Any] | None = None
    tier_from_tokens: int | None = None
    user_from: UserPlace | None = None
    paywall_version: int | None = None
    key_id: str | None = None
    session: str | None = None
    agent: str | None = None
    mode: str | None = None
    legs: Sequence[ReceiptLeg] = ()
    order: str | None = None


def token_lines(price: Price, tokens: Tokens) -> list[dict[str, Any]]:
    """Returns what is stored: a line for each kind of token that occurred, and one for a request fee."""
    rates = price.at(tokens.prompt).rates if price.tiers else price.rates
    lines: list[dict[str, Any]] = [
        {
            "kind": kind,
            "tokens": count,
            "price_per_million": format_decimal(rates[kind]),
            "amount": format_fraction(rates[kind] * count, NANOS * PER_MILLION),
        }
        for kind, count in tokens.by_kind()
    ]
    if price.request_nanos:
        fee = format_decimal(price.request_nanos)
        lines.append({"kind": "request", "tokens": 1, "price_per_million": "0", "amount": fee})
    return lines


def markup_percent(price: Price) -> str:
    """Returns the markup as a decimal string of per cent: 1250 basis points are `12.5`."""
    return format_fraction(price.markup_basis_points, 100)


def explain(row: Mapping[str, Any], user: str) -> Receipt:
    """Builds the receipt of a stored request; `row` has the columns of the `request` table."""
    charge, hold = row["charge_nanos"] or 0, row["hold_nanos"] or 0
    detail: Mapping[str, Any] = row["receipt"] or {} if row["status"] != "running" else {}
    cost, left = row["provider_cost_nanos"], detail.get("disconnect")
    return Receipt(
        id=row["id"],
        client_request_id=row["client_request_id"],
        kind=row["kind"],
        status=row["status"],
        created_at=clock.to_iso(row["created_at"]),
        user=user,
        model=row["model"],
        provider=row["provider"],
        billing_source=row["billing_source"],
        streamed=bool(row["streamed"]),
        estimated=bool(detail.get("estimated")),
        disconnect=None if left is None else Disconnect(left),
        price_version=row["price_version"],
        unit=Unit(row["unit"]).value,
        lines=[ReceiptLine(**line) for line in detail.get("lines", ())],
        minimum=detail.get("minimum", "0"),
        markup_percent=detail.get("markup_percent", "0"),
        charge=format_decimal(charge),
        hold=format_decimal(hold),
        released=format_decimal(max(hold - charge, 0)) if row["status"] != "running" else "0",
        split=detail.get("split"),
        shortfall=detail.get("shortfall", "0"),
        provider_cost=None if cost is None else format_decimal(cost),
        late=row["late"],
        tier_from_tokens=detail.get("tier_from_tokens"),
        user_from=row["user_from"],
        paywall_version=row["paywall_version"],
        key_id=row["key_id"],
        session=row["session"],
        agent=row["agent"],
        mode=row["mode"],
        legs=[_leg(line) for line in detail.get("legs", ())],
        order=row["order_id"],
    )


def _leg(line: Mapping[str, Any]) -> ReceiptLeg:
    named = {name: line[name] for name in ("leg", "model", "provider", "billing_source", "status", "price_version",
                                           "tokens", "markup_percent", "amount")}  # fmt: skip
    lines = [ReceiptLine(**one) for one in line["lines"]]
    return ReceiptLeg(**named, reason=line.get("reason"), estimated=bool(line.get("estimated")),
                      charge=line.get("charge", "0"), lines=lines, seed=line.get("seed"))  # fmt: skip
