"""Sums of a paywall in words: revenue, cost, fee, margin. The domain added them up; here they are written."""

from dataclasses import dataclass

from app.domain.money import Unit, format_sum
from app.domain.paywalls.modes import RULES
from app.domain.rollups.reading import Users
from app.domain.rollups.sums import Sums

NOT_KNOWN = "not known"


@dataclass(frozen=True)
class SumRow:
    """What some requests came to; `revenue` is gross less refunds. What nobody knows is said so, and is no 0.

    `users` is empty where they were not counted.
    """

    label: str = ""
    gross: str = ""
    refunds: str = ""
    revenue: str = ""
    cost: str = ""
    fee: str = ""
    margin: str = ""
    share: str = ""
    requests: str = ""
    users: str = ""
    has_fee: bool = True
    """Whether the platform takes a share of what is counted in this unit."""


def to_row(label: str, sums: Sums, unit: Unit) -> SumRow:
    """Writes sums. The margin is of the part whose cost is known; where a part is not, `share` says how much."""
    margin, unknown = sums.margin_nanos, sums.unknown_net_nanos
    if margin is None:
        share = "no cost is known"
    elif unknown:
        share = f"leaves out {format_sum(unknown, unit)}, cost not known"
    else:
        share = f"{margin * 100 / sums.net_nanos:.1f} % of revenue" if sums.net_nanos > 0 else ""
    return SumRow(
        label=label,
        gross=format_sum(sums.gross_nanos, unit),
        refunds=format_sum(-sums.refunds_nanos, unit),
        revenue=format_sum(sums.net_nanos, unit),
        cost=NOT_KNOWN if margin is None else format_sum(sums.cost_nanos, unit),
        fee=format_sum(sums.fee_nanos, unit),
        margin=NOT_KNOWN if margin is None else format_sum(margin, unit),
        share=share,
        requests=f"{sums.requests:,}",
        has_fee=bool(sums.fee_nanos) or any(rules.is_split for rules in RULES.values() if rules.unit is unit),
    )


def users_in_digits(users: Users) -> str:
    """Writes how many users there were: `1`, or `10,000+` where that is only the least."""
    return f"{users.count:,}{'+' if users.is_more else ''}"


def users_in_words(users: Users) -> str:
    """Writes how many users there were: `1 user`, or `10,000+ users` where that is only the least."""
    return f"{users_in_digits(users)} {'user' if users.count == 1 else 'users'}"
