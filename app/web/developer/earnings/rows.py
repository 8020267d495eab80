"""What the page of earnings shows, ready to be read: each paywall's, and when what is pending becomes available."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain.earnings.due import Due, read_due
from app.domain.earnings.earnings import Earnings, pending_account, read_earnings
from app.domain.money import Environment, Unit, format_sum
from app.domain.payouts import listing
from app.domain.payouts.listing import Sums
from app.domain.payouts.rules import nanos_of
from app.domain.paywalls.names import NamedPaywall, list_owned
from app.domain.people.sessions import Person
from app.web.components.payouts.ways import Way
from app.web.developer.earnings.payout_rows import PayoutsPart, read_payouts_part
from app.web.developer.frame.rows import CHOICES_MAX
from app.web.frame.format import utc

DAYS_LISTED = 30


@dataclass(frozen=True)
class DueRow:
    """What becomes available on a day, UTC."""

    day: str = ""
    amount: str = ""


@dataclass(frozen=True)
class EarnedRow:
    """What one paywall has earned; `owed` is the shortfall that comes off first, empty for none.

    `under_way` is what is on its way out, `way` by which chain, empty where there is none, `address` where it goes now.
    """

    id: str = ""
    name: str = ""
    is_sandbox: bool = False
    is_archived: bool = False
    pending: str = ""
    is_pending: bool = False
    available: str = ""
    paid: str = ""
    under_way: str = ""
    owed: str = ""
    due: list[DueRow] = field(default_factory=list)
    note: str = ""
    url: str = ""
    environment: str = ""
    way: str = ""
    address: str = ""
    limits: str = ""


@dataclass(frozen=True)
class TotalRow:
    """What all paywalls of one environment have earned."""

    title: str = ""
    is_sandbox: bool = False
    pending: str = ""
    available: str = ""
    paid: str = ""
    under_way: str = ""


@dataclass(frozen=True)
class EarningsPage:
    """Everything on the page."""

    totals: list[TotalRow] = field(default_factory=list)
    paywalls: list[EarnedRow] = field(default_factory=list)
    payouts: PayoutsPart = field(default_factory=PayoutsPart)
    days: int = 0
    more: str = ""


def read_earnings_page(session: Session, person: Person) -> EarningsPage:
    """Reads what somebody's paywalls in shared mode have earned; live ones first."""
    chosen = wiring.get().settings
    owned = list_owned(session, person, chosen.operators, CHOICES_MAX + 1)
    shown = [one for one in owned[:CHOICES_MAX] if one.paywall.rules.is_split]
    sums = listing.read_sums(session, [one.paywall.id for one in shown])
    found = [(one, read_earnings(session, one.paywall.environment, one.paywall.id), sums[one.paywall.id])
             for one in shown]  # fmt: skip
    names = {one.paywall.id: (one.app_name, one.paywall.environment) for one in shown}
    payouts = read_payouts_part(session, person, names)
    ways = {way.environment: way for way in payouts.ways}
    rows = [_row(session, one, earned, paid, ways.get(one.paywall.environment.value, Way()))
            for one, earned, paid in found]  # fmt: skip
    return EarningsPage(
        totals=[*_totals(found)],
        paywalls=sorted(rows, key=lambda row: (row.is_archived, row.is_sandbox, row.name.lower(), row.id)),
        payouts=payouts,
        days=chosen.earnings_pending_days,
        more=f"The newest {CHOICES_MAX} paywalls are looked at." if len(owned) > CHOICES_MAX else "",
    )


def _totals(found: Iterable[tuple[NamedPaywall, Earnings, Sums]]) -> Iterable[TotalRow]:
    """Adds up what may be added up: environments never touch."""
    listed = list(found)
    for environment in (Environment.LIVE, Environment.SANDBOX):
        here = [(earned, paid) for one, earned, paid in listed if one.paywall.environment is environment]
        if here:
            yield TotalRow(
                f"All {environment.value} paywalls", environment is Environment.SANDBOX,
                _usdc(sum(earned.pending_nanos for earned, _ in here)),
                _usdc(sum(earned.available_nanos for earned, _ in here)),
                _usdc(nanos_of(sum(paid.paid_units for _, paid in here))),
                _under_way(sum(paid.under_way_units for _, paid in here)),
            )  # fmt: skip


def _row(session: Session, one: NamedPaywall, earned: Earnings, paid: Sums, way: Way) -> EarnedRow:
    paywall = one.paywall
    due = read_due(session, pending_account(paywall.environment, paywall.id))
    return EarnedRow(
        id=paywall.id,
        name=one.app_name,
        is_sandbox=paywall.environment is Environment.SANDBOX,
        is_archived=paywall.is_archived,
        pending=_usdc(earned.pending_nanos),
        is_pending=earned.pending_nanos > 0,
        available=_usdc(earned.available_nanos),
        paid=_usdc(nanos_of(paid.paid_units)),
        under_way=_under_way(paid.under_way_units),
        owed=_usdc(earned.owed_nanos) if earned.owed_nanos else "",
        due=[DueRow(f"{day.day:%-d %b %Y}", _usdc(day.nanos)) for day in due[:DAYS_LISTED]],
        note=_note(due, earned),
        url=f"/paywalls/{paywall.id}/ledger/?account=earnings_pending",
        environment=paywall.environment.value,
        way=way.chain,
        address=way.address,
        limits=way.limits,
    )


def _under_way(units: int) -> str:
    return f"{_usdc(nanos_of(units))} on the way" if units else ""


def _note(days: Sequence[Due], earned: Earnings) -> str:
    """Says how new the days are, and what was earned since."""
    if not days:
        return "Days are listed within 15 minutes of the first charge." if earned.pending_nanos else ""
    later = sum(day.nanos for day in days[DAYS_LISTED:])
    rest = earned.pending_nanos - sum(day.nanos for day in days)
    said = f"As of {utc(days[0].made_at)} UTC"
    if rest > 0:
        said += f"; {_usdc(rest)} were earned since"
    return f"{said}; {_usdc(later)} on later days." if later else f"{said}."


def _usdc(nanos: int) -> str:
    return format_sum(nanos, Unit.USDC)
