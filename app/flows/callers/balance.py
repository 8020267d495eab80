"""What an app may see of a user's wallet (`decisions.md` 26): in shared mode nothing but what it may still spend."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.caps import CapView, read_cap
from app.domain.ledger.operations import Applied
from app.domain.limits.spending import left_nanos, spend_limits
from app.domain.wallets.shared import read_shared_balance
from app.domain.wallets.wallets import read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import read_standing


@dataclass(frozen=True, slots=True)
class AppBalance:
    """`balance_nanos` and `held_nanos` as the app sees them; `spendable_nanos` is what it can charge now."""

    balance_nanos: int = 0
    held_nanos: int = 0
    spendable_nanos: int = 0


def read_app_balance(session: Session, snapshot: Snapshot, user: str) -> AppBalance:
    """Returns what an app may see of a user's wallet; nothing where they have authorized nothing."""
    if snapshot.rules.has_app_wallets:
        balance = read_balance(session, snapshot.wallet(user))
        spendable = _within_limits(session, snapshot, user, balance.available_nanos)
        return AppBalance(balance.posted_nanos, balance.held_nanos, spendable)
    standing = read_standing(session, snapshot, user)
    if standing.wallet is None or standing.account_id is None:
        return AppBalance()
    wallet = read_shared_balance(session, standing.wallet.account)
    if snapshot.rules.is_operators:
        spendable = 0 if standing.is_frozen else _within_limits(session, snapshot, user, wallet.available_nanos)
        return AppBalance(wallet.posted_nanos, wallet.held_nanos, spendable)
    cap = read_cap(session, standing.account_id, snapshot.paywall_id) or CapView(0, 0, 0)
    spendable = 0 if standing.is_frozen else min(wallet.available_nanos, cap.left_nanos)
    spendable = _within_limits(session, snapshot, user, spendable)
    return AppBalance(spendable, cap.held_nanos, spendable)


def _within_limits(session: Session, snapshot: Snapshot, user: str, nanos: int) -> int:
    """Returns what the developer's own limits of spending leave of an amount now."""
    if snapshot.limits is None:
        return nanos
    limits = spend_limits(snapshot.limits, snapshot.paywall_id, snapshot.counted_key, user, clock.now())
    left = left_nanos(session, limits)
    return nanos if left is None else min(nanos, left)


def visible_balance(snapshot: Snapshot, done: Applied) -> int:
    """Returns the balance that an answer shows its app once it was charged."""
    if not snapshot.rules.needs_consent:
        return done.balance
    left = done.available if done.cap_left is None else min(done.available, done.cap_left)
    return max(left, 0)
