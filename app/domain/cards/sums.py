"""What the charges of a wallet come to: in a month, in a day, in flight; and whose use made them. Only reads."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.cards.tables import Card, CardCharge, ChargeOutcome, Customer
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from app.sql.columns import table_of

_COUNTED = (TopupStatus.CREATED, TopupStatus.PAID)
"""What counts against a cap: what is pending or unknown with what was paid."""


@dataclass(frozen=True, slots=True)
class Use:
    """Whose use of which app made a charge; an app is told of it if it listens."""

    paywall_id: str
    user: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an app is told of a charge that its user's use made."""

    use: Use
    kind: TopupKind
    cents: int


def next_n(session: Session, wallet_id: str, month: str) -> int:
    """Returns the number that a wallet's next automatic top-up of a month has."""
    table = table_of(Topup)
    found = select(func.coalesce(func.max(table.c.n), 0)).where(table.c.wallet_id == wallet_id, table.c.month == month)
    return int(session.scalar(found) or 0) + 1


def free_n(session: Session, wallet_id: str, month: str, n: int) -> int:
    """Returns a number of a wallet's month that no top-up has: `n` if that is free."""
    table = table_of(Topup)
    taken = select(table.c.id).where(table.c.wallet_id == wallet_id, table.c.month == month, table.c.n == n)
    return n if n > 0 and session.scalar(taken) is None else next_n(session, wallet_id, month)


def month_cents(session: Session, wallet_id: str, month: str) -> int:
    """Returns what a wallet's automatic top-ups of a month come to, with what is pending or unknown."""
    table = table_of(Topup)
    found = select(func.coalesce(func.sum(table.c.paid_cents), 0)).where(
        table.c.wallet_id == wallet_id, table.c.month == month, table.c.status.in_(_COUNTED)
    )
    return int(session.scalar(found) or 0)


def count_since(session: Session, wallet_id: str, since: int) -> int:
    """Returns how many automatic charges of a wallet were made since a time, with what is pending or unknown."""
    table = table_of(Topup)
    found = select(func.count()).where(
        table.c.wallet_id == wallet_id, table.c.kind == TopupKind.AUTO, table.c.created_at > since,
        table.c.status.in_(_COUNTED),
    )  # fmt: skip
    return int(session.scalar(found) or 0)


def find_in_flight(session: Session, wallet_id: str) -> CardCharge | None:
    """Returns the charge of which a wallet does not know yet what becomes of it."""
    table, charges = table_of(Topup), table_of(CardCharge)
    found = (
        select(CardCharge)
        .join(table, table.c.id == charges.c.id)
        .where(
            table.c.wallet_id == wallet_id, table.c.kind != TopupKind.CHECKOUT, table.c.status == TopupStatus.CREATED
        )
    )
    charge: CardCharge | None = session.scalars(found).first()
    return charge


def count_declined(session: Session, person_id: str, since: int) -> int:
    """Returns how many charges of a person's saved cards were declined since a time."""
    table, cards, customers = table_of(CardCharge), table_of(Card), table_of(Customer)
    found = (
        select(func.count())
        .select_from(table)
        .join(cards, cards.c.id == table.c.card_id)
        .join(customers, customers.c.id == cards.c.customer_id)
        .where(customers.c.person_id == person_id, table.c.outcome == ChargeOutcome.DECLINED, table.c.ended_at > since)
    )
    return int(session.scalar(found) or 0)


def last_use(session: Session, wallet_id: str) -> Use | None:
    """Returns whose use made a wallet's last automatic charge, for one that is tried again."""
    table, charges = table_of(Topup), table_of(CardCharge)
    found = (
        select(charges.c.paywall_id, charges.c.external_id)
        .join(table, table.c.id == charges.c.id)
        .where(table.c.wallet_id == wallet_id, table.c.kind == TopupKind.AUTO)
        .order_by(table.c.created_at.desc())
        .limit(1)
    )
    row = session.execute(found).first()
    return None if row is None or row.paywall_id is None else Use(row.paywall_id, row.external_id)


def read_told(session: Session, charge_id: str) -> Told | None:
    """Returns what an app is told of a charge; None for one that no use of an app made."""
    row, topup = session.get(CardCharge, charge_id), session.get(Topup, charge_id)
    if row is None or topup is None or row.paywall_id is None or row.external_id is None:
        return None
    return Told(Use(row.paywall_id, row.external_id), topup.kind, topup.paid_cents)
