"""Refunds of payments that were credited: rows that take something back of a top-up, which must be locked.

asked → pending → succeeded | failed, and succeeded → failed: a bank may send a refund back after all.
"""

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import KeyReused
from app.domain.ids import as_id, derived_id, new_id
from app.domain.ledger.accounts import Kind, parse
from app.domain.money import nanos_of_cents
from app.domain.refunds.tables import Refund, RefundReason, RefundStatus
from app.domain.topups.tables import Topup
from app.domain.topups.topups import payment_of

_OPEN = (RefundStatus.ASKED, RefundStatus.PENDING)


def id_of_click(topup_id: str, click_id: str) -> str:
    """Returns the id of the one refund that a click asks for, however often it is sent."""
    return derived_id("rfd", "click", topup_id, as_id(click_id))


def find_asked(session: Session, id_: str, cents: int | None) -> Refund | None:
    """Returns the refund that a click asked for before; the top-up is locked. Raises KeyReused for another amount."""
    row = session.get(Refund, id_, populate_existing=True)
    if row is not None and cents is not None and row.paid_cents != cents:
        raise KeyReused("This was asked before, for another amount.")
    return row


def ask(session: Session, topup: Topup, reason: RefundReason, cents: int, id_: str | None = None) -> Refund:
    """Writes a refund of ours of `cents` of a top-up's payment, of which at least so much is still credited.

    What is taken for it from the wallet is posted when the top-up is settled, in the same transaction. The id is new
    unless there is one of the click that asked (`id_of_click`).
    """
    account, id_, now = parse(topup.account_id), id_ or new_id("rfd"), clock.now()
    row = Refund(
        id=id_, topup_id=topup.id, connection_id=topup.connection_id, payment_id=payment_of(topup),
        account_id=account.beside(Kind.PAYOUT_TRANSIT, id_).id, paid_cents=cents, currency=topup.currency,
        credited_nanos=min(nanos_of_cents(cents, account.unit), topup.credited_nanos), transit_nanos=0, reason=reason,
        status=RefundStatus.ASKED, attempts=0, created_at=now, next_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def note(row: Refund, status: RefundStatus) -> bool:
    """Keeps what the rail says of a locked refund; tells whether that is new. One that failed stays so."""
    if row.status in (status, RefundStatus.FAILED) or (
        row.status is RefundStatus.SUCCEEDED and status is not RefundStatus.FAILED
    ):
        return False
    row.status, row.last_error = status, None
    row.finished_at = None if status in _OPEN else clock.now()
    if status is RefundStatus.FAILED:
        row.told_at, row.next_at = None, clock.now()
    return True
