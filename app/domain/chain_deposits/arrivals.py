"""What came in on a chain: each transfer is taken once, by (chain, transaction, position), and credited when final."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.chain_deposits.tables import ArrivalKind, ChainArrival, DepositAddress
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import MICRO_NANOS, Environment
from app.domain.transactions.world import world_of
from app.domain.wallets.trial import INSTANCE
from app.sql.columns import table_of

_ARRIVALS, _ADDRESSES = table_of(ChainArrival), table_of(DepositAddress)
LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Book:
    """Whose addresses are whose on a chain: its environment, its token, its treasury, and the wallets' addresses."""

    chain_id: int
    environment: Environment
    token: str
    treasury: str
    wallets: Mapping[str, Account]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A transfer as a chain has it."""

    token: str
    payer: str
    payee: str
    units: int
    block: int
    transaction: str
    position: int
    nonce: str | None = None


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """A deposit as its wallet's owner sees it."""

    kind: ArrivalKind
    chain_id: int
    transaction: str
    units: int
    block: int
    seen_at: int


def kind_of(book: Book, arrived: Arrived) -> ArrivalKind:
    """Says what a final transfer is."""
    if arrived.token != book.token:
        return ArrivalKind.BRIDGED
    if arrived.payee in book.wallets:
        return ArrivalKind.CREDITED
    return ArrivalKind.SWEPT if arrived.payer in book.wallets else ArrivalKind.FUNDING


def take(session: Session, book: Book, arrived: Arrived) -> tuple[ArrivalKind, Post | None] | None:
    """Takes a final transfer, and returns what it is and what is to be posted with it; None where it was taken before.

    The caller posts it at once.
    """
    id_ = _id_of(book, arrived)
    known = session.get(ChainArrival, id_, with_for_update=True, populate_existing=True)
    if known is not None and known.kind is not ArrivalKind.SEEN:
        return None
    if known is not None:
        session.delete(known)
        session.flush()
    kind = kind_of(book, arrived)
    row = _row(book, arrived, kind)
    session.add(row)
    if kind is ArrivalKind.CREDITED:
        _move(session, book.chain_id, arrived.payee, arrived.units)
    elif kind is ArrivalKind.SWEPT:
        _move(session, book.chain_id, arrived.payer, -arrived.units)
    session.flush()
    return kind, _posting(book, row)


def show(session: Session, book: Book, arrived: Sequence[Arrived]) -> None:
    """Keeps which deposits are in blocks that are not final yet, and forgets all that were kept so before."""
    seen = {
        row.id: row.seen_at
        for row in session.execute(select(_ARRIVALS).where(*_seen_of(book.chain_id)))
    }  # fmt: skip
    session.execute(delete(_ARRIVALS).where(*_seen_of(book.chain_id)))
    for one in arrived:
        id_ = _id_of(book, one)
        if kind_of(book, one) is ArrivalKind.CREDITED and session.get(ChainArrival, id_) is None:
            row = _row(book, one, ArrivalKind.SEEN)
            row.seen_at = seen.get(id_, row.seen_at)
            session.add(row)
    session.flush()


def list_of_wallet(session: Session, wallet_id: str) -> list[ArrivalView]:
    """Returns the newest of what came to a wallet's addresses."""
    found = select(_ARRIVALS).where(_ARRIVALS.c.wallet_id == wallet_id).order_by(_ARRIVALS.c.seen_at.desc())
    return [
        ArrivalView(row.kind, row.chain_id, row.transaction_hash, row.units, row.block, row.seen_at)
        for row in session.execute(found.limit(LISTED_MAX))
    ]


def list_bridged(session: Session, chain_id: int, least_units: int, since: int) -> Sequence[ChainArrival]:
    """Returns what came of the wrong token to a chain, so much at least, since a time (microseconds), newest first."""
    own = (_ARRIVALS.c.chain_id == chain_id, _ARRIVALS.c.kind == ArrivalKind.BRIDGED, _ARRIVALS.c.seen_at > since,
           _ARRIVALS.c.units >= least_units)  # fmt: skip
    found = select(ChainArrival).where(*own).order_by(_ARRIVALS.c.seen_at.desc(), _ARRIVALS.c.id)
    return session.scalars(found.limit(LISTED_MAX)).all()


def sum_funding_from(session: Session, chain_id: int, payers: Sequence[str]) -> int:
    """Returns the units that some addresses sent to a chain's treasury and that count as the operator's own."""
    own = (_ARRIVALS.c.chain_id == chain_id, _ARRIVALS.c.kind == ArrivalKind.FUNDING,
           _ARRIVALS.c.payer.in_(list(payers)))  # fmt: skip
    return int(session.scalar(select(func.sum(_ARRIVALS.c.units)).where(*own)) or 0)


def sum_at(session: Session, chain_id: int, addresses: Sequence[str]) -> Mapping[str, int]:
    """Returns the units that each deposit address has by what is known here: what came to it, less what was swept."""
    found = dict.fromkeys(addresses, 0)
    for column, kind, sign in (
        (_ARRIVALS.c.payee, ArrivalKind.CREDITED, 1),
        (_ARRIVALS.c.payer, ArrivalKind.SWEPT, -1),
    ):
        own = (_ARRIVALS.c.chain_id == chain_id, _ARRIVALS.c.kind == kind, column.in_(list(addresses)))
        for address, units in session.execute(select(column, func.sum(_ARRIVALS.c.units)).where(*own).group_by(column)):
            found[address] += sign * int(units)
    return found


def sum_until(session: Session, chain_id: int, block: int) -> int:
    """Returns the units that came in on a chain up to and with a block, as wallets' deposits or the operator's."""
    found = select(func.sum(_ARRIVALS.c.units)).where(
        _ARRIVALS.c.chain_id == chain_id,
        _ARRIVALS.c.kind.in_((ArrivalKind.CREDITED, ArrivalKind.FUNDING)),
        _ARRIVALS.c.block <= block,
    )
    return int(session.scalar(found) or 0)


def _seen_of(chain_id: int) -> tuple[ColumnElement[bool], ...]:
    return _ARRIVALS.c.chain_id == chain_id, _ARRIVALS.c.kind == ArrivalKind.SEEN


def _id_of(book: Book, arrived: Arrived) -> str:
    return derived_id("arr", str(book.chain_id), arrived.transaction, str(arrived.position))


def _row(book: Book, arrived: Arrived, kind: ArrivalKind) -> ChainArrival:
    wallet = book.wallets.get(arrived.payee)
    return ChainArrival(
        id=_id_of(book, arrived), chain_id=book.chain_id, transaction_hash=arrived.transaction,
        position=arrived.position, kind=kind, environment=book.environment,
        wallet_id=None if wallet is None else wallet.owner, account_id=_credited(book, wallet, kind),
        token=arrived.token, payer=arrived.payer, payee=arrived.payee, units=arrived.units, block=arrived.block,
        nonce=arrived.nonce, seen_at=clock.now(),
    )  # fmt: skip


def _credited(book: Book, wallet: Account | None, kind: ArrivalKind) -> str | None:
    if kind is ArrivalKind.FUNDING:
        return world_of(book.environment, book.chain_id).beside(Kind.OPERATOR_CAPITAL, INSTANCE).id
    return None if wallet is None else wallet.id


def _posting(book: Book, row: ChainArrival) -> Post | None:
    if row.kind not in (ArrivalKind.CREDITED, ArrivalKind.FUNDING) or row.account_id is None:
        return None
    world = world_of(book.environment, book.chain_id)
    credited = book.wallets.get(row.payee) or world.beside(Kind.OPERATOR_CAPITAL, INSTANCE)
    details = {"chain": book.chain_id, "transaction": row.transaction_hash, "position": row.position}
    type_ = "deposit" if row.kind is ArrivalKind.CREDITED else "funding"
    return Post(f"deposit:{row.id}", (Transfer(world, credited, row.units * MICRO_NANOS, type_, details=details),))


def _move(session: Session, chain_id: int, address: str, units: int) -> None:
    """Counts what is at an address: it came, or it was swept."""
    row = session.scalars(
        select(DepositAddress)
        .where(_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.address == address)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    left = max(row.unswept_units + units, 0)
    since = None if left == 0 else row.unswept_since or clock.now()
    session.execute(update(_ADDRESSES).where(_ADDRESSES.c.id == row.id).values(unswept_units=left, unswept_since=since))
    session.refresh(row)
