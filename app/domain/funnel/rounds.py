"""Rounds: begun by a link that a user is shown, paid by any money that comes, ended by the first charge after it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.funnel.tables import IS_UNUSED, FunnelRound
from app.sql.columns import table_of
from app.sql.statements import insert

_ROUNDS = table_of(FunnelRound)
_BEGIN = insert(_ROUNDS, ("paywall_id", "shown_at", "external_id"), unless_there=True)
_OPEN = "SELECT r.paywall_id, r.shown_at, r.external_id FROM"
_OF_USER = text(f"{_OPEN} funnel_round r WHERE r.paywall_id = :paywall AND r.external_id = :user AND r.paid_at IS NULL")
_OF_WALLET = text(f"""
    {_OPEN} wallet w JOIN end_user e ON e.id = w.end_user_id
    JOIN funnel_round r ON r.paywall_id = e.paywall_id AND r.external_id = e.external_id AND r.paid_at IS NULL
    WHERE w.id = :wallet
""")
_OF_PERSON = text(f"""
    {_OPEN} shared_wallet w JOIN paywall_authorization a ON a.account_id = w.person_id AND a.status = 'active'
    JOIN paywall p ON p.id = a.paywall_id AND p.environment = w.environment AND p.unit = w.unit
    JOIN funnel_round r ON r.paywall_id = a.paywall_id AND r.external_id = a.external_id AND r.paid_at IS NULL
    WHERE w.id = :wallet
""")
_LAST_MONEY = text("""
    SELECT t.created_at FROM end_user e JOIN wallet w ON w.end_user_id = e.id
    JOIN ledger_transfer t ON t.credit_account_id = w.account_id
    WHERE e.paywall_id = :paywall AND e.external_id = :user AND t.type IN ('topup', 'deposit')
    ORDER BY t.id DESC LIMIT 1
""")


class Shown(NamedTuple):
    """That a user of a paywall was shown a link at a time."""

    paywall_id: str
    at: int
    user: str


class Used(NamedTuple):
    """That a user of a paywall was charged at a time, for something that trial money did not pay."""

    paywall_id: str
    user: str
    at: int


def note_shown(session: Session, shown: Sequence[Shown]) -> None:
    """Begins a round of each user who has none without money.

    It is written a moment after the link was shown: what an app deposited in that moment pays the round.
    """
    _BEGIN.run(session.connection(), shown)
    for one in shown:
        paid_at = session.scalar(_LAST_MONEY, {"paywall": one.paywall_id, "user": one.user})
        if paid_at is not None and paid_at >= one.at:
            for row in session.execute(_OF_USER, {"paywall": one.paywall_id, "user": one.user}).all():
                _set(session, tuple(row), paid_at=paid_at)


def note_paid(session: Session, wallet_id: str, paywall_id: str | None = None, user: str | None = None) -> None:
    """Notes that money came into a wallet: for its user, for each app that a person's wallet pays in, and for the user
    whose link it came by."""
    found = {tuple(row) for of in (_OF_WALLET, _OF_PERSON) for row in session.execute(of, {"wallet": wallet_id})}
    if paywall_id is not None and user is not None:
        found |= {tuple(row) for row in session.execute(_OF_USER, {"paywall": paywall_id, "user": user})}
    for key in sorted(found):
        _set(session, key, paid_at=clock.now())


def note_used(session: Session, used: Iterable[Used]) -> None:
    """Ends the rounds whose users were charged after their money came; what is told twice changes nothing."""
    by_paywall: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in used:
        by_paywall[one.paywall_id][one.user].append(one.at)
    for paywall_id, times in sorted(by_paywall.items()):
        of_these = (_ROUNDS.c.paywall_id == paywall_id, _ROUNDS.c.external_id.in_(times), text(IS_UNUSED))
        rows = session.execute(select(_ROUNDS.c.shown_at, _ROUNDS.c.external_id, _ROUNDS.c.paid_at).where(*of_these))
        for shown_at, user, paid_at in rows.all():
            if later := [at for at in times[user] if at >= paid_at]:
                _set(session, (paywall_id, shown_at, user), used_at=min(later))


def _set(session: Session, key: Sequence[str | int], **at: int) -> None:
    of_round = (column == value for column, value in zip(_ROUNDS.primary_key.columns, key, strict=True))
    session.execute(update(_ROUNDS).where(*of_round).values(**at))
