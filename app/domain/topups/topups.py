"""Top-ups: created → paid | failed. Only a payment that was read back from its rail makes one paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.topups.tables import Topup, TopupStatus
from app.sql.columns import table_of

LEAST_NANOS = 3 * NANOS
MOST_NANOS = 10_000 * NANOS


@dataclass(frozen=True, slots=True)
class TopupView:
    """A top-up as its wallet's owner sees it."""

    id: str
    status: TopupStatus
    amount_nanos: int
    unit: Unit


class PaymentMismatch(Refused):
    """A payment that is not what its top-up asked for; nothing was credited."""

    code = "payment_mismatch"


def create(
    session: Session,
    account: Account,
    paywall_id: str | None,
    rail: str,
    currency: str,
    amount_nanos: int,
    user: str | None = None,
) -> str:
    """Opens a top-up of the wallet whose ledger account this is, begun by a paywall's link for a user of its own.

    Returns the top-up's id.
    """
    topup = Topup(
        id=new_id("top"),
        paywall_id=paywall_id,
        wallet_id=account.owner,
        account_id=account.id,
        rail=rail,
        currency=currency,
        amount_nanos=amount_nanos,
        status=TopupStatus.CREATED,
        created_at=clock.now(),
        external_id=user,
    )
    session.add(topup)
    session.flush()
    return topup.id


def read(session: Session, topup_id: str, wallet_id: str | None = None) -> TopupView:
    """Returns a top-up, of one wallet if given. Raises NotFound for any other."""
    topup = session.get(Topup, as_id(topup_id))
    if topup is None or wallet_id not in (None, topup.wallet_id):
        raise NotFound("There is no such top-up.")
    return TopupView(topup.id, topup.status, topup.amount_nanos, parse(topup.account_id).unit)


@dataclass(frozen=True, slots=True)
class PaidFilter:
    """Which paid top-ups are listed; `since` (inclusive) and `until` (exclusive) in microseconds."""

    user: str | None = None
    since: int | None = None
    until: int | None = None


def list_paid(
    session: Session, paywall_id: str, wanted: PaidFilter, before: tuple[int, str] | None, limit: int
) -> Sequence[Topup]:
    """Returns up to `limit` paid top-ups that a paywall's links began, the latest paid first.

    `before` is when the last one of the page before was paid, and its id.
    """
    found: Sequence[Topup] = session.scalars(page_statement(paywall_id, wanted, before, limit)).all()
    return found


def page_statement(paywall_id: str, wanted: PaidFilter, before: tuple[int, str] | None, limit: int) -> Select[Any]:
    """Returns the query of one page, which reads `ix_topup_paywall` backwards from where it begins."""
    table = table_of(Topup)
    found = select(Topup).where(table.c.paywall_id == paywall_id, table.c.status == TopupStatus.PAID)
    if wanted.user is not None:
        found = found.where(table.c.external_id == wanted.user)
    if wanted.since is not None:
        found = found.where(table.c.finished_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(table.c.finished_at < wanted.until)
    if before is not None:
        found = found.where(tuple_(table.c.finished_at, table.c.id) < tuple_(*before))
    return found.order_by(table.c.finished_at.desc(), table.c.id.desc()).limit(limit)


def credit(session: Session, topup_id: str, payment_id: str, amount_nanos: int, currency: str, is_live: bool) -> None:
    """Credits a payment that its rail says is paid, once; a second delivery changes nothing.

    Raises NotFound, and PaymentMismatch for a payment of another environment, currency or amount.
    """
    topup = session.get(Topup, topup_id, with_for_update=True)
    if topup is None:
        raise NotFound(f"There is no top-up {topup_id}.")
    account = parse(topup.account_id)
    if is_live != (account.environment is Environment.LIVE):
        raise PaymentMismatch(f"{payment_id} is of another environment than {topup_id}.")
    if (amount_nanos, currency) != (topup.amount_nanos, topup.currency):
        raise PaymentMismatch(f"{payment_id} is not what {topup_id} asked for.")
    if topup.status is TopupStatus.PAID:
        return
    topup.status, topup.payment_id, topup.finished_at = TopupStatus.PAID, payment_id, clock.now()
    session.flush()
    world = account.beside(Kind.WORLD, topup.rail)
    details = {"topup": topup.id, "payment": payment_id}
    apply_one(session, Post(f"topup:{topup.id}", (Transfer(world, account, amount_nanos, "topup", details=details),)))


def fail(session: Session, topup_id: str, payment_id: str) -> None:
    """Marks a top-up whose payment was declined; one that was paid stays paid. Raises NotFound."""
    topup = session.get(Topup, topup_id, with_for_update=True)
    if topup is None:
        raise NotFound(f"There is no top-up {topup_id}.")
    if topup.status is TopupStatus.CREATED:
        topup.status, topup.payment_id, topup.finished_at = TopupStatus.FAILED, payment_id, clock.now()
        session.flush()
