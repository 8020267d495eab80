"""Top-ups: created → paid | expired, expired → paid.

Only a payment that was read back from the connection that made a top-up pays it.

What is paid (`paid_cents` of a currency) and what is credited for it (`credited_nanos` of the wallet's unit) are two
amounts; the first is compared with the payment, the second is posted.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound, Refused
from app.domain.funnel.rounds import note_paid
from app.domain.ids import as_id, new_id
from app.domain.ledger.accounts import Account, Kind, parse
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit, nanos_of_cents
from app.domain.topups.tables import Topup, TopupStatus
from app.domain.wallets.trial import INSTANCE
from app.sql.columns import table_of

CURRENCY = "USD"
"""The one currency that is offered; cents are of it."""


@dataclass(frozen=True, slots=True)
class TopupView:
    """A top-up as its wallet's owner sees it."""

    id: str
    status: TopupStatus
    credited_nanos: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class NewTopup:
    """What a top-up is of: a wallet's ledger account, the connection that takes the money, and the two amounts.

    `paywall_id` and `user` are whose link began it, `network` is from where; None where nobody came.
    """

    wallet: Account
    connection_id: str
    currency: str
    paid_cents: int
    credited_nanos: int
    expires_at: int | None = None
    paywall_id: str | None = None
    user: str | None = None
    network: str | None = None


@dataclass(frozen=True, slots=True)
class PaidPayment:
    """A payment that a connection says is paid: `paid_cents` of `currency`, for the top-up that it names."""

    id: str
    connection_id: str
    topup_id: str
    paid_cents: int
    currency: str
    is_live: bool


class Verdict(StrEnum):
    """What a paid payment is to its top-up."""

    CREDITS = "credits"
    """It is what was asked for, and credits the wallet now."""
    KNOWN = "known"
    """It credited the wallet before."""
    MISMATCH = "mismatch"
    """It is of another amount or currency than was asked for: it goes back."""
    SECOND = "second"
    """The top-up was paid by another payment: it goes back."""


class NotOurs(Refused):
    """A payment that is of no top-up of its connection's; nothing moves."""

    code = "payment_not_ours"


class OfAnother(NotOurs):
    """A payment of a top-up that another connection made, `connection_id`."""

    def __init__(self, message: str, connection_id: str) -> None:
        super().__init__(message)
        self.connection_id = connection_id


def create(session: Session, new: NewTopup, topup_id: str | None = None) -> str:
    """Opens a top-up and returns its id, a new one unless it is said."""
    topup = Topup(
        id=topup_id or new_id("top"),
        paywall_id=new.paywall_id,
        wallet_id=new.wallet.owner,
        account_id=new.wallet.id,
        external_id=new.user,
        network=new.network,
        connection_id=new.connection_id,
        currency=new.currency,
        paid_cents=new.paid_cents,
        credited_nanos=new.credited_nanos,
        status=TopupStatus.CREATED,
        created_at=clock.now(),
        expires_at=new.expires_at,
    )
    session.add(topup)
    session.flush()
    return topup.id


def read(session: Session, topup_id: str, wallet_id: str | None = None) -> TopupView:
    """Returns a top-up, of one wallet if given. Raises NotFound for any other."""
    topup = session.get(Topup, as_id(topup_id))
    if topup is None or wallet_id not in (None, topup.wallet_id):
        raise NotFound("There is no such top-up.")
    return TopupView(topup.id, topup.status, topup.credited_nanos, parse(topup.account_id).unit)


def note_checkout(session: Session, topup_id: str, checkout_id: str) -> None:
    """Keeps the rail's name of a top-up's checkout page."""
    topup = session.get(Topup, topup_id, with_for_update=True)
    if topup is not None:
        topup.checkout_id = checkout_id
        session.flush()


def read_open_checkout(session: Session, topup_id: str) -> tuple[str, str] | None:
    """Returns the connection and the checkout of a top-up that may still be paid there, None for any other."""
    topup = session.get(Topup, as_id(topup_id))
    if topup is None or topup.status is not TopupStatus.CREATED or topup.checkout_id is None:
        return None
    return topup.connection_id, topup.checkout_id


def lock(session: Session, connection_id: str, topup_id: str) -> Topup:
    """Returns a top-up of a connection, locked until the transaction ends.

    Raises NotFound where there is none of this id, OfAnother for one that another connection made.
    """
    topup: Topup | None = session.get(Topup, as_id(topup_id), with_for_update=True)
    if topup is None:
        raise NotFound(f"There is no top-up {topup_id}.")
    if topup.connection_id != connection_id:
        message = f"{topup_id} was made on {topup.connection_id}, and {connection_id} tells of a payment for it."
        raise OfAnother(message, topup.connection_id)
    return topup


def find_credited(session: Session, connection_id: str, payment_id: str) -> str | None:
    """Returns the top-up that a connection's payment was credited for, None for none."""
    table = table_of(Topup)
    found = select(table.c.id).where(table.c.connection_id == connection_id, table.c.payment_id == payment_id)
    return session.scalar(found)


def judge(topup: Topup, payment: PaidPayment) -> Verdict:
    """Says what a payment is to its locked top-up. Raises NotOurs for one of another connection or environment, or of
    nothing at all."""
    if topup.connection_id != payment.connection_id:
        raise NotOurs(f"{payment.id} is of another connection than {topup.id}.")
    if payment.is_live != (parse(topup.account_id).environment is Environment.LIVE):
        raise NotOurs(f"{payment.id} is of another environment than {topup.id}.")
    if topup.status is TopupStatus.PAID and topup.payment_id == payment.id:
        return Verdict.KNOWN
    if payment.paid_cents == 0:
        raise NotOurs(f"Nothing was paid by {payment.id} for {topup.id}.")
    if topup.status is TopupStatus.PAID:
        return Verdict.SECOND
    if (payment.paid_cents, payment.currency) != (topup.paid_cents, topup.currency):
        return Verdict.MISMATCH
    return Verdict.CREDITS


def pay(session: Session, topup: Topup, payment_id: str) -> Post:
    """Marks a locked top-up as paid, and returns the posting that credits its wallet; the caller posts it at once."""
    topup.status, topup.payment_id, topup.finished_at = TopupStatus.PAID, payment_id, clock.now()
    session.flush()
    note_paid(session, topup.wallet_id, topup.paywall_id, topup.external_id)
    wallet = parse(topup.account_id)
    world = wallet.beside(Kind.WORLD, topup.connection_id)
    details = {"topup": topup.id, "payment": payment_id}
    transfers = [Transfer(world, wallet, topup.credited_nanos, "topup", details=details)]
    if surcharge := surcharge_nanos(topup):
        fees = wallet.beside(Kind.RAIL_FEES, INSTANCE)
        transfers.append(Transfer(world, fees, surcharge, "topup_fee", details=details))
    return Post(f"topup:{topup.id}", tuple(transfers))


def surcharge_nanos(topup: Topup) -> int:
    """Returns what was paid beyond what is credited, in the wallet's unit: it is there to pay the rail's fees."""
    return nanos_of_cents(topup.paid_cents, parse(topup.account_id).unit) - topup.credited_nanos


def payment_of(topup: Topup) -> str:
    """Returns the payment that a paid top-up was credited for."""
    assert topup.payment_id is not None  # noqa: S101 - a constraint says so of what is paid
    return topup.payment_id


def expire(session: Session, topup: Topup) -> None:
    """Marks a locked top-up whose checkout ended unpaid; one that was paid stays paid."""
    if topup.status is TopupStatus.CREATED:
        topup.status, topup.finished_at = TopupStatus.EXPIRED, clock.now()
        session.flush()
