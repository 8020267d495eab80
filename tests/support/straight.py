"""Numbers computed straight from transfers and receipts, with a loop and a dictionary, as nobody else computes them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text

from app import db
from app.domain.money import NANOS, Unit, format_sum

_REQUESTS = text("""
    SELECT r.id, r.kind, r.external_id, coalesce(r.model, '') AS model, coalesce(r.key_id, o.key_id, '') AS key_id,
        r.billing_source AS source, coalesce(o.receipt, r.receipt) AS receipt, r.finished_at, p.source AS price,
        coalesce(o.provider_cost_nanos, r.provider_cost_nanos) AS reported, r.provider
    FROM request r LEFT JOIN request o ON o.id = r.refund_of
    LEFT JOIN model_price p ON p.id = coalesce(r.price_id, o.price_id)
    WHERE r.paywall_id = :paywall_id
""")
_TRANSFERS = text("""
    SELECT t.request_id, t.debit_account_id AS debit, t.credit_account_id AS credit, t.amount, t.created_at
    FROM ledger_transfer t JOIN request r ON r.id = t.request_id WHERE r.paywall_id = :paywall_id
""")
_TOKENS = {"input": 0, "cached_input": 1, "output": 2, "reasoning": 3}


@dataclass
class Total:
    """What was added up; `unknown` is the part of net and fee whose cost nobody knows."""

    requests: int = 0
    gross: int = 0
    refunds: int = 0
    cost: int = 0
    fee: int = 0
    unknown_net: int = 0
    unknown_fee: int = 0
    tokens: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    users: set[tuple[str, str]] = field(default_factory=set)

    def add(self, other: "Total") -> None:
        for name in ("requests", "gross", "refunds", "cost", "fee", "unknown_net", "unknown_fee"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.tokens = [mine + theirs for mine, theirs in zip(self.tokens, other.tokens, strict=True)]
        self.users |= other.users

    @property
    def net(self) -> int:
        return self.gross - self.refunds

    @property
    def margin(self) -> int | None:
        known_net, known_fee = self.net - self.unknown_net, self.fee - self.unknown_fee
        is_known = known_net or known_fee or self.cost or not (self.unknown_net or self.unknown_fee)
        return known_net - known_fee - self.cost if is_known else None

    def words(self, unit: Unit) -> tuple[str, ...]:
        """Returns requests, gross, refunds, net, cost, fee and margin as pages write them."""
        margin = self.margin
        cost = "not known" if margin is None else format_sum(self.cost, unit)
        return (f"{self.requests:,}", format_sum(self.gross, unit), format_sum(-self.refunds, unit),
                format_sum(self.net, unit), cost, format_sum(self.fee, unit),
                "not known" if margin is None else format_sum(margin, unit))  # fmt: skip


@dataclass(frozen=True)
class One:
    """A request or a refund: when it was posted, whose it is, and what it adds."""

    paywall: str
    day: date
    user: str
    model: str
    key: str
    source: str
    total: Total


def read_straight(paywall_id: str, zone: str) -> list[One]:
    """Returns each request and refund of a paywall on its day of a zone."""
    lines: dict[str, list[Any]] = defaultdict(list)
    with db.transaction(writes=False) as session:
        for line in session.execute(_TRANSFERS, {"paywall_id": paywall_id}):
            lines[line.request_id].append(line)
        rows = session.execute(_REQUESTS, {"paywall_id": paywall_id}).all()
    found = []
    for row in rows:
        mine = lines[row.id]
        at = mine[0].created_at if mine else row.finished_at
        day = datetime.fromtimestamp(at // 1_000_000, ZoneInfo(zone)).date()
        total = _total(row, mine)
        total.users = {(paywall_id, row.external_id)}
        found.append(One(paywall_id, day, row.external_id, row.model, row.key_id, row.source, total))
    return found


def _total(row: Any, lines: Sequence[Any]) -> Total:
    total, owed = Total(), None
    for line in lines:
        if ":platform_fees:" in line.credit:
            total.fee += line.amount
        if ":platform_fees:" in line.debit:
            total.fee -= line.amount
        if ":provider_payable:" in line.credit:
            owed = (owed or 0) + line.amount
        if row.kind == "refund" and ":wallet:" in line.credit:
            total.refunds += line.amount
        elif ":wallet:" in line.debit:
            total.gross += line.amount
    receipt = orjson.loads(row.receipt)
    cost = owed if owed is not None else _cost(row, receipt)
    if row.kind != "refund":
        total.requests = 1
        for part in receipt["lines"]:
            total.tokens[_TOKENS[part["kind"]]] += part["tokens"]
        total.cost = cost or 0
    if cost is None:
        total.unknown_net, total.unknown_fee = total.net, total.fee
    return total


def _cost(row: Any, receipt: Any) -> int | None:
    """What the provider said, else what its list asks where the price follows it."""
    if row.reported is not None:
        return int(row.reported)
    if "cost" in receipt:
        return int(Decimal(receipt["cost"]) * NANOS)
    if row.price == "catalogue":
        exact = sum(Decimal(part["amount"]) for part in receipt["lines"]) * NANOS
        return int(exact + Decimal("0.5"))
    return None


def group(ones: Iterable[One], first: date, last: date, by: Callable[[One], Any]) -> dict[Any, Total]:
    """Adds up the days of a range by what a function says of each."""
    found: dict[Any, Total] = defaultdict(Total)
    for one in ones:
        if first <= one.day <= last:
            found[by(one)].add(one.total)
    return dict(found)


def summed(ones: Iterable[One], first: date, last: date) -> Total:
    """Adds up the days of a range."""
    return group(ones, first, last, lambda _one: 0).get(0, Total())
