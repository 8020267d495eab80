"""Caps: what an account lets a paywall spend in a calendar month, UTC, kept as a budget of the ledger for each month.

The cap's row is locked by whoever changes it and by whoever opens the next month, so a month begins with the
newest cap.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.tables import SpendingCap
from app.domain.errors import NotFound
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import SetCap
from app.domain.ledger.tables import LedgerBudget
from app.domain.people.accounts import check_cap


@dataclass(frozen=True, slots=True)
class CapView:
    """A cap and what stands against it this month; `held_nanos` is what runs hold."""

    cap_nanos: int
    spent_nanos: int
    held_nanos: int

    @property
    def left_nanos(self) -> int:
        return max(self.cap_nanos - self.spent_nanos - self.held_nanos, 0)


def month_of(at: int) -> str:
    """Returns the month of a time, such as `2026-11`."""
    return clock.to_datetime(at).strftime("%Y-%m")


def budget_id(account_id: str, paywall_id: str, month: str) -> str:
    """Returns the ledger's id of a month's budget."""
    return f"cap:{account_id}:{paywall_id}:{month}"


_KEEP = text(
    "INSERT INTO spending_cap (id, account_id, paywall_id, cap_nanos, changed_at)"
    " VALUES (:id, :account_id, :paywall_id, :cap, :now) ON CONFLICT DO NOTHING"
)


def set_cap(session: Session, account_id: str, paywall_id: str, wallet: Account, cap_nanos: int) -> None:
    """Sets a cap from now on. Lowered below what is spent, it refuses only what comes after. Raises BadField."""
    check_cap(cap_nanos)
    row_id, now = cap_id(account_id, paywall_id), clock.now()
    session.execute(_KEEP, {"id": row_id, "account_id": account_id, "paywall_id": paywall_id, "cap": cap_nanos,
                            "now": now})  # fmt: skip
    stored = _locked(session, row_id)
    stored.cap_nanos, stored.changed_at = cap_nanos, now
    session.flush()
    apply_one(session, SetCap(budget_id(account_id, paywall_id, month_of(now)), wallet, cap_nanos))


def open_month(session: Session, account_id: str, paywall_id: str, wallet: Account) -> None:
    """Opens this month's budget with the cap that holds now, unless it is open. Raises NotFound without a cap."""
    stored = _locked(session, cap_id(account_id, paywall_id))
    month = budget_id(account_id, paywall_id, month_of(clock.now()))
    if session.get(LedgerBudget, month) is None:
        apply_one(session, SetCap(month, wallet, stored.cap_nanos))


def is_month_open(session: Session, account_id: str, paywall_id: str) -> bool:
    """Tells whether this month's budget exists."""
    return session.get(LedgerBudget, budget_id(account_id, paywall_id, month_of(clock.now()))) is not None


def read_cap(session: Session, account_id: str, paywall_id: str) -> CapView | None:
    """Returns a cap with what stands against it this month; None where none was ever set."""
    stored = session.get(SpendingCap, cap_id(account_id, paywall_id))
    if stored is None:
        return None
    month = session.get(LedgerBudget, budget_id(account_id, paywall_id, month_of(clock.now())))
    return CapView(stored.cap_nanos, month.spent if month else 0, month.held if month else 0)


def cap_id(account_id: str, paywall_id: str) -> str:
    """Returns the id of the row that holds an account's cap for a paywall."""
    return derived_id("cap", account_id, paywall_id)


def _locked(session: Session, row_id: str) -> SpendingCap:
    stored = session.get(SpendingCap, row_id, with_for_update=True, populate_existing=True)
    if stored is None:
        raise NotFound("This account has set no cap for this paywall.")
    return stored
