"""Transactions get their number and bytes in one commit, so that no crash leaves a gap or a second payload.

A number is allotted only if it is still the next one; whoever signed for another signs again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import Refused
from app.domain.ids import new_id
from app.domain.transactions.tables import ChainAccount, ChainAttempt, ChainTransaction, Purpose
from app.sql.columns import table_of

_TRANSACTIONS, _ATTEMPTS = table_of(ChainTransaction), table_of(ChainAttempt)


class NumberTaken(Refused):
    """Somebody else allotted this number; sign for the next one."""

    code = "number_taken"
    is_transient = True


@dataclass(frozen=True, slots=True)
class Form:
    """A signed form of a transaction."""

    raw: bytes
    hash: str
    fee_wei: int
    tip_wei: int


@dataclass(frozen=True, slots=True)
class NewTransaction:
    """What a transaction does and for what; `about` is the id of what it was made for."""

    purpose: Purpose
    about: str
    to_address: str
    data: bytes
    gas: int


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction whose number is not final, with the newest of its forms."""

    id: str
    number: int
    purpose: Purpose
    about: str
    to_address: str
    data: bytes
    gas: int
    is_alarmed: bool
    attempt_id: int
    form: Form
    attempt_at: int
    sent_at: int | None


def account_id(chain_id: int, address: str) -> str:
    """Returns the id of an account on a chain."""
    return f"{chain_id}:{address}"


_KEEP = text(
    "INSERT INTO chain_account (id, chain_id, address, next_number, created_at)"
    " VALUES (:id, :chain_id, :address, :number, :now) ON CONFLICT DO NOTHING"
)


def open_account(session: Session, chain_id: int, address: str, number: int) -> int:
    """Returns the next number of an account, which begins at `number` where none of its was ever allotted."""
    id_ = account_id(chain_id, address)
    session.execute(_KEEP, {"id": id_, "chain_id": chain_id, "address": address, "number": number, "now": clock.now()})
    return session.get_one(ChainAccount, id_, populate_existing=True).next_number


def find_next_number(session: Session, chain_id: int, address: str) -> int | None:
    """Returns the next number of an account, None where none was ever allotted."""
    found = session.get(ChainAccount, account_id(chain_id, address), populate_existing=True)
    return None if found is None else found.next_number


def skip_to(session: Session, chain_id: int, address: str, number: int) -> None:
    """Lets an account go on at a number, if that is later than its next: those before it were used elsewhere."""
    account = _lock(session, account_id(chain_id, address))
    account.next_number = max(account.next_number, number)
    session.flush()


def allot(session: Session, account: str, number: int, new: NewTransaction, form: Form) -> str:
    """Gives a number of an account to a transaction, with the bytes that were signed for it; returns its id.

    Raises NumberTaken where it is not the next one any more.
    """
    row = _lock(session, account)
    if row.next_number != number:
        raise NumberTaken(f"The next transaction of {account} is number {row.next_number}, not {number}.")
    row.next_number = number + 1
    id_ = new_id("ctx")
    session.add(
        ChainTransaction(
            id=id_, account_id=account, number=number, purpose=new.purpose, about=new.about,
            to_address=new.to_address, data=new.data, gas=new.gas, created_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    _add(session, id_, form)
    return id_


def replace(session: Session, transaction_id: str, form: Form) -> None:
    """Keeps another form of a transaction that is not final, before it is sent."""
    row = session.get_one(ChainTransaction, transaction_id, with_for_update=True, populate_existing=True)
    if row.finished_at is None:
        _add(session, transaction_id, form)


def _add(session: Session, transaction_id: str, form: Form) -> None:
    session.add(
        ChainAttempt(
            transaction_id=transaction_id, raw=form.raw, hash=form.hash, fee_wei=form.fee_wei, tip_wei=form.tip_wei,
            created_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()


def _lock(session: Session, account: str) -> ChainAccount:
    return session.get_one(ChainAccount, account, with_for_update=True, populate_existing=True)


def list_open(session: Session, account: str) -> Sequence[OpenTransaction]:
    """Returns the transactions of an account that are not final, the lowest number first."""
    newest = (
        select(_ATTEMPTS.c.id)
        .where(_ATTEMPTS.c.transaction_id == _TRANSACTIONS.c.id)
        .order_by(_ATTEMPTS.c.id.desc())
        .limit(1)
        .correlate(_TRANSACTIONS)
        .scalar_subquery()
    )
    found = (
        select(ChainTransaction, ChainAttempt)
        .join(ChainAttempt, _ATTEMPTS.c.id == newest)
        .where(_TRANSACTIONS.c.account_id == account, _TRANSACTIONS.c.finished_at.is_(None))
        .order_by(_TRANSACTIONS.c.number)
    )
    return [_open(row, attempt) for row, attempt in session.execute(found)]


def _open(row: ChainTransaction, attempt: ChainAttempt) -> OpenTransaction:
    form = Form(attempt.raw, attempt.hash, attempt.fee_wei, attempt.tip_wei)
    return OpenTransaction(
        row.id, row.number, row.purpose, row.about, row.to_address, row.data, row.gas, row.alarmed_at is not None,
        attempt.id or 0, form, attempt.created_at, attempt.sent_at,
    )  # fmt: skip


def is_open(session: Session, transaction_id: str | None) -> bool:
    """Tells whether a transaction may still do what it was made for."""
    row = session.get(ChainTransaction, transaction_id) if transaction_id else None
    return row is not None and row.finished_at is None


def was_sent_to(session: Session, account: str, address: str) -> bool:
    """Tells whether a transaction of an account to an address is final, whatever it did."""
    found = (_TRANSACTIONS.c.account_id == account, _TRANSACTIONS.c.to_address == address,
             _TRANSACTIONS.c.finished_at.is_not(None))  # fmt: skip
    return session.scalar(select(_TRANSACTIONS.c.id).where(*found).limit(1)) is not None


def note_sent(session: Session, attempt_id: int) -> None:
    """Notes that nodes were given a form of a transaction now."""
    session.get_one(ChainAttempt, attempt_id).sent_at = clock.now()
    session.flush()


def hurry(session: Session, transaction_id: str) -> bool:
    """Has a transaction replaced at the next look, as if it were stuck for long; tells whether it is still open."""
    if not is_open(session, transaction_id):
        return False
    newest = select(ChainAttempt).where(_ATTEMPTS.c.transaction_id == transaction_id).order_by(_ATTEMPTS.c.id.desc())
    session.scalars(newest.limit(1)).one().created_at = 0
    session.flush()
    return True


def note_alarmed(session: Session, transaction_id: str) -> None:
    """Notes that somebody was told of a transaction that is stuck."""
    session.get_one(ChainTransaction, transaction_id).alarmed_at = clock.now()
    session.flush()


_FINISH = text(
    "UPDATE chain_transaction SET finished_at = :now"
    " WHERE account_id = :account AND number < :count AND finished_at IS NULL"
)


def note_final(session: Session, account: str, count: int) -> None:
    """Ends all transactions of an account whose numbers are used up at a final block, by whichever form."""
    session.execute(_FINISH, {"account": account, "count": count, "now": clock.now()})
