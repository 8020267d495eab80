"""A user's standing in a paywall: blocked, frozen, authorized, and what they pay from.

In default mode the snapshot says it all. In shared mode their authorization is looked up once and kept in memory;
the epochs that it rests on go into every hold, and the ledger refuses those that are old (`decisions.md` 27). That
somebody is not authorized, or may use free models alone, is never kept: they may be a moment later.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.authorizations import authorizations, caps, own_keys
from app.domain.authorizations.tables import Authorization
from app.domain.cards import auto_topup
from app.domain.credentials import credentials
from app.domain.credits.kept import has_paid
from app.domain.ledger.operations import Epoch
from app.domain.wallets import shared
from app.flows.callers.snapshot import Snapshot, read_epochs
from app.flows.callers.user import OwnStanding, Standing

KNOWN_MAX = 50_000


@dataclass(frozen=True, slots=True)
class _Known:
    """A standing that was looked up, and the month (`2026-11`) whose budget it names."""

    standing: Standing
    month: str


class Standings:
    """The standings that one process knows."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Known] = {}

    async def find(self, snapshot: Snapshot, user: str) -> Standing:
        """Returns the standing of a user. Raises Unavailable."""
        if snapshot.rules.has_app_wallets:
            return standing_of(snapshot, user)
        is_blocked, key = user in snapshot.blocked, (snapshot.paywall_id, user)
        month = caps.month_of(clock.now())
        known = self._known.get(key)
        if known is not None and known.month == month and not is_blocked:
            return known.standing
        found = await db.in_transaction(lambda session: read_standing(session, snapshot, user))
        if found.needs_month:
            await db.in_transaction(lambda session: _open_month(session, found), writes=True)
        if found.is_authorized and found.may_use_priced and not is_blocked:
            if len(self._known) >= KNOWN_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[key] = _Known(found, month)
        return found

    def forget(self, snapshot: Snapshot, user: str) -> None:
        """Drops a standing that the ledger found to be old."""
        self._known.pop((snapshot.paywall_id, user), None)


def standing_of(snapshot: Snapshot, user: str) -> Standing:
    """Returns what a snapshot of a paywall with app wallets says of a user."""
    return Standing(user in snapshot.blocked, user in snapshot.frozen, wallet=snapshot.wallet(user))


def read_standing(session: Session, snapshot: Snapshot, user: str) -> Standing:
    """Reads the standing of a user in any mode, as it is now."""
    if snapshot.rules.has_app_wallets:
        return standing_of(snapshot, user)
    is_blocked = user in snapshot.blocked
    if snapshot.rules.is_operators:
        return _of_credits(session, snapshot, user, is_blocked=is_blocked)
    active = authorizations.find_active(session, snapshot.paywall_id, user)
    if active is None:
        return Standing(is_blocked, is_authorized=False)
    wallet = shared.as_charged_by(active.account_id, snapshot.environment, snapshot.paywall_id, user)
    own = _own_of(session, active)
    subjects: tuple[str, ...] = (
        authorizations.epoch_subject(snapshot.paywall_id, user),
        shared.epoch_subject(wallet.id),
    )
    if own is not None:
        subjects = (*subjects, credentials.epoch_subject(active.account_id))
    epochs = read_epochs(session, subjects)
    return Standing(
        is_blocked,
        shared.is_frozen(session, wallet.id),
        budgets=(caps.budget_id(active.account_id, snapshot.paywall_id, caps.month_of(clock.now())),),
        wallet=wallet,
        epochs=tuple(Epoch(subject, epochs.get(subject, 0)) for subject in subjects),
        account_id=active.account_id,
        needs_month=not caps.is_month_open(session, active.account_id, snapshot.paywall_id),
        tops_up_below=auto_topup.read_threshold(session, wallet.id),
        own=own,
    )


def _own_of(session: Session, active: Authorization) -> OwnStanding | None:
    """Reads what an app may use of its user's own keys; None where the consent allows none."""
    terms = own_keys.terms_of(active)
    if terms.per_day is None:
        return None
    keys = credentials.read_keys(session, active.account_id)
    return OwnStanding(keys, active.id, terms.per_day, terms.go_first)


def _of_credits(session: Session, snapshot: Snapshot, account_id: str, *, is_blocked: bool) -> Standing:
    """Reads the standing of an account that pays with its own credits: it needs nobody's consent."""
    wallet = shared.as_charged_by(account_id, snapshot.environment, snapshot.paywall_id, account_id, snapshot.unit)
    subjects = (shared.epoch_subject(wallet.id), credentials.epoch_subject(account_id))
    epochs = read_epochs(session, subjects)
    return Standing(
        is_blocked,
        shared.is_frozen(session, wallet.id),
        may_use_priced=has_paid(session, wallet.id),
        wallet=wallet,
        epochs=tuple(Epoch(subject, epochs.get(subject, 0)) for subject in subjects),
        account_id=account_id,
        tops_up_below=auto_topup.read_threshold(session, wallet.id),
        own=OwnStanding(credentials.read_keys(session, account_id)),
    )


def _open_month(session: Session, standing: Standing) -> None:
    assert standing.wallet is not None and standing.account_id is not None  # noqa: S101 - a month is of an account
    caps.open_month(session, standing.account_id, standing.wallet.paywall_id, standing.wallet.account)
