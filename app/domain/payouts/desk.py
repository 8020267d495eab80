"""Whether a chain's payouts go on, and what left its treasury: each transfer is a payout's, or somebody must say what.

As long as one is not booked, payouts that are paused stay so: after a restored backup it may be one that is forgotten.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import Refused
from app.domain.ids import derived_id
from app.domain.payouts.tables import Payout, PayoutDesk, TreasuryTransfer
from app.sql.columns import table_of

_PAYOUTS, _TRANSFERS = table_of(Payout), table_of(TreasuryTransfer)
READ_WITHIN = 180 * clock.SECOND
"""How long ago a chain may have been read when somebody asks for money that it may have paid them already."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A transfer out of the treasury, as the chain has it at a final block."""

    transaction: str
    position: int
    block: int
    payee: str
    units: int
    nonce: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a chain: a final block and its hash, the newest block's time, what treasury and gas hold."""

    block: int
    hash: str
    head_at: int
    balance_units: int
    gas_wei: int


_KEEP = text(
    "INSERT INTO payout_desk (chain_id, cursor_block, cursor_hash, head_at, read_at, balance_units, gas_wei,"
    " lacking_units) VALUES (:chain_id, :block, :hash, 0, :now, 0, '0', 0) ON CONFLICT DO NOTHING"
)


def open_desk(session: Session, chain_id: int, block: int, hash_: str) -> PayoutDesk:
    """Returns a chain's desk, which begins to read behind a final block where it is new."""
    session.execute(_KEEP, {"chain_id": chain_id, "block": block, "hash": hash_, "now": clock.now()})
    return session.get_one(PayoutDesk, chain_id, populate_existing=True)


def find_desk(session: Session, chain_id: int) -> PayoutDesk | None:
    """Returns a chain's desk, None where the chain was never read."""
    return session.get(PayoutDesk, chain_id, populate_existing=True)


def check_goes_on(session: Session, chain_id: int) -> None:
    """Raises Refused while a chain's payouts are paused, or where it was not read lately.

    A restored backup may have forgotten a withdrawal that was paid: its money must not leave once more before somebody
    has said what left the treasury.
    """
    known = find_desk(session, chain_id)
    if known is None:
        return
    if known.paused_because is not None:
        raise Refused("Withdrawals are paused for now; the operator knows of it. Your money stays where it is.")
    if known.read_at < clock.now() - READ_WITHIN:
        raise Refused("The chain cannot be read right now. Ask again in some minutes.")


def list_desks(session: Session) -> Sequence[PayoutDesk]:
    """Returns the desks of all chains that were ever read."""
    return session.scalars(select(PayoutDesk).order_by(table_of(PayoutDesk).c.chain_id)).all()


def note_read(session: Session, chain_id: int, seen: Seen, outgoing: Sequence[Outgoing]) -> int:
    """Keeps what was seen of a chain and left its treasury up to a final block; returns how much is not booked now.

    What carries a payout's nonce is that payout's. Nothing is kept twice, however often it is read.
    """
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    for transfer in outgoing:
        id_ = derived_id("out", str(chain_id), transfer.transaction, str(transfer.position))
        if session.get(TreasuryTransfer, id_) is None:
            session.add(_row(session, id_, chain_id, transfer))
    desk.read_at, desk.head_at = clock.now(), seen.head_at
    desk.balance_units, desk.gas_wei = seen.balance_units, str(seen.gas_wei)
    if seen.block >= desk.cursor_block:
        desk.cursor_block, desk.cursor_hash = seen.block, seen.hash
    session.flush()
    return count_unbooked(session, chain_id)


def _row(session: Session, id_: str, chain_id: int, transfer: Outgoing) -> TreasuryTransfer:
    of_nonce = (_PAYOUTS.c.chain_id == chain_id, _PAYOUTS.c.nonce == transfer.nonce, _PAYOUTS.c.units == transfer.units,
                _PAYOUTS.c.address == transfer.payee)  # fmt: skip
    payout = session.scalar(select(_PAYOUTS.c.id).where(*of_nonce)) if transfer.nonce else None
    return TreasuryTransfer(
        id=id_, chain_id=chain_id, transaction_hash=transfer.transaction, position=transfer.position,
        block=transfer.block, payee=transfer.payee, units=transfer.units, nonce=transfer.nonce, booked_as=payout,
        seen_at=clock.now(), booked_at=clock.now() if payout else None,
    )  # fmt: skip


def count_unbooked(session: Session, chain_id: int) -> int:
    """Returns how many transfers out of a treasury nobody has said anything of."""
    unbooked = (_TRANSFERS.c.chain_id == chain_id, _TRANSFERS.c.booked_as.is_(None))
    return int(session.scalar(select(func.count()).where(*unbooked)) or 0)


def pause(session: Session, chain_id: int, because: str) -> bool:
    """Lets no payout of a chain be signed or sent; tells whether they went on until now. The first reason stays."""
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    if desk.paused_because is not None:
        return False
    desk.paused_because, desk.paused_at = because, clock.now()
    session.flush()
    return True


def resume(session: Session, chain_id: int) -> None:
    """Lets payouts of a chain go on. Raises Refused while a transfer out of its treasury is not booked."""
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    unbooked = count_unbooked(session, chain_id)
    if unbooked:
        raise Refused(f"Transfers out of the treasury that are not booked: {unbooked}. Say first what they were.")
    desk.paused_because = desk.paused_at = None
    session.flush()


def note_lacking(session: Session, chain_id: int, units: int) -> bool:
    """Keeps how much the treasury lacks for what is requested; tells whether the operators are to be told of it now."""
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    is_news = units > 0 and (desk.told_at is None or desk.told_at < clock.now() - clock.DAY)
    desk.lacking_units = units
    desk.told_at = clock.now() if is_news else desk.told_at if units else None
    session.flush()
    return is_news


def note_gas(session: Session, chain_id: int, *, is_low: bool) -> bool:
    """Tells whether the operators are to be told now that the gas account is low: once a day as long as it is."""
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    is_news = is_low and (desk.gas_told_at is None or desk.gas_told_at < clock.now() - clock.DAY)
    desk.gas_told_at = clock.now() if is_news else desk.gas_told_at if is_low else None
    session.flush()
    return is_news


@dataclass(frozen=True, slots=True)
class TokenNews:
    """What is new of a token: the code that it led to before, and whether its halt is to be told now."""

    was: str | None = None
    is_halt_news: bool = False


def note_token(session: Session, chain_id: int, implementation: str, halted_because: str | None) -> TokenNews:
    """Keeps what a look at a token found, and tells what of it is news: a halt of the same reason once a day."""
    desk = session.get_one(PayoutDesk, chain_id, with_for_update=True, populate_existing=True)
    was = desk.implementation if desk.implementation not in (None, implementation) else None
    desk.implementation, desk.looked_at, desk.halted_because = implementation, clock.now(), halted_because
    is_old = desk.halt_told == halted_because and (desk.halt_told_at or 0) > clock.now() - clock.DAY
    is_news = halted_because is not None and not is_old
    if is_news:
        desk.halt_told, desk.halt_told_at = halted_because, clock.now()
    session.flush()
    return TokenNews(was, is_news)
