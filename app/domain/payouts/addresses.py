"""Addresses that payouts go to: proved before they count, and a changed one counts a day later (`decisions.md` 14)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound, Refused
from app.domain.ids import as_id, new_id
from app.domain.money import Environment
from app.domain.payouts.rules import TEST_LEAST_UNITS, TEST_MOST_UNITS
from app.domain.payouts.tables import Payout, PayoutAddress, PayoutKind, PayoutStatus, ProvedBy
from app.sql.columns import table_of

CHANGED_COUNTS_AFTER = clock.DAY
TRIES_MAX = 5
SIGNED_WITHIN = 3_600 * clock.SECOND
"""How old a text may be when its signature comes."""
_ADDRESSES = table_of(PayoutAddress)


@dataclass(frozen=True, slots=True)
class AddressView:
    """An address of somebody's; `counts_from` is None until it is proved."""

    id: str
    address: str
    proved_by: ProvedBy | None
    proved_at: int | None
    counts_from: int | None
    test_payout_id: str | None
    created_at: int

    def counts(self, now: int) -> bool:
        """Tells whether payouts may go there."""
        return self.counts_from is not None and self.counts_from <= now


def begin(session: Session, account_id: str, environment: Environment, address: str) -> AddressView:
    """Writes an address that somebody means to prove, in the place of those that were not, and were sent no payout."""
    unproved = (_ADDRESSES.c.proved_at.is_(None), _ADDRESSES.c.test_payout_id.is_(None))
    own = (_ADDRESSES.c.account_id == account_id, _ADDRESSES.c.environment == environment.value)
    session.execute(delete(_ADDRESSES).where(*own, *unproved))
    row = PayoutAddress(id=new_id("adr"), account_id=account_id, environment=environment, address=address, tries=0,
                        created_at=clock.now())  # fmt: skip
    session.add(row)
    session.flush()
    return _view(row)


def text_to_sign(row: AddressView, environment: Environment, host: str) -> str:
    """Returns what the key of an address is to sign: whose it becomes the payout address of, where, and when."""
    return (
        f"{host} asks you to confirm that what you are paid out ({environment.value}) goes to this address:\n"
        f"{row.address}\n\n"
        "Signing costs nothing and moves nothing.\n\n"
        f"Request: {row.id}\nIssued at: {clock.to_iso(row.created_at)}"
    )


def lock(session: Session, account_id: str, address_id: str) -> PayoutAddress:
    """Returns an address of somebody's that is not proved, for the caller alone. Raises NotFound, Refused."""
    row = session.get(PayoutAddress, as_id(address_id), with_for_update=True, populate_existing=True)
    if row is None or row.account_id != account_id:
        raise NotFound("There is no such address.")
    if row.proved_at is not None:
        raise Refused("This address is confirmed already.")
    return row


def read_own(session: Session, account_id: str, address_id: str) -> tuple[AddressView, Environment]:
    """Returns an address of somebody's. Raises NotFound."""
    row = session.get(PayoutAddress, as_id(address_id))
    if row is None or row.account_id != account_id:
        raise NotFound("There is no such address.")
    return _view(row), row.environment


def check_fresh(row: PayoutAddress) -> None:
    """Raises Refused where a text is too old to be signed."""
    if row.created_at < clock.now() - SIGNED_WITHIN:
        raise Refused("This request is older than an hour; begin again.")


def prove(session: Session, row: PayoutAddress, by: ProvedBy) -> AddressView:
    """Notes that an address is its account's; it counts at once where it is their first, else a day later."""
    now = clock.now()
    is_first = not _list(session, row.account_id, row.environment)
    row.proved_by, row.proved_at = by, now
    row.counts_from = now if is_first else now + CHANGED_COUNTS_AFTER
    session.flush()
    return _view(row)


def new_test_units() -> int:
    """Draws how much a test payout is."""
    return TEST_LEAST_UNITS + secrets.randbelow(TEST_MOST_UNITS - TEST_LEAST_UNITS + 1)


def is_what_arrived(session: Session, row: PayoutAddress, units: int) -> bool:
    """Tells whether somebody knows how much their test payout was; a wrong amount is counted, a few are allowed.

    Raises Refused before it has arrived, and after too many.
    """
    payout = session.get(Payout, row.test_payout_id) if row.test_payout_id else None
    if payout is None:
        raise Refused("No test payout was sent to this address.")
    if payout.status is PayoutStatus.RETURNED:
        raise Refused("The test payout could not be paid; its money is available again.")
    if payout.status is not PayoutStatus.PAID:
        raise Refused("The test payout is under way; its amount can be confirmed when it has arrived.")
    if row.tries >= TRIES_MAX:
        raise Refused("The amount was wrong too often; begin again with a new test payout.")
    row.tries += payout.units != units
    session.flush()
    return payout.units == units


def count_returned(session: Session, row: PayoutAddress) -> int:
    """Returns how many test payouts to an address came back: so many times another could be sent."""
    payouts = table_of(Payout)
    came_back = (payouts.c.asked_by == row.account_id, payouts.c.address == row.address,
                 payouts.c.kind == PayoutKind.TEST, payouts.c.status == PayoutStatus.RETURNED)  # fmt: skip
    return int(session.scalar(select(func.count()).where(*came_back)) or 0)


def find_counting(session: Session, account_id: str, environment: Environment) -> AddressView | None:
    """Returns the address that an account's payouts go to now, None where none counts."""
    return next((one for one in _list(session, account_id, environment) if one.counts(clock.now())), None)


def list_proved(session: Session, account_id: str, environment: Environment) -> Sequence[AddressView]:
    """Returns the addresses that an account has proved, the newest first; the first that counts is in use.

    One that waited for its day when another was proved never counts: so its owner objects to a thief's.
    """
    return _list(session, account_id, environment)


def find_pending(session: Session, account_id: str, environment: Environment) -> AddressView | None:
    """Returns the newest address of an account that is not proved, if it is newer than every proved one."""
    own = (_ADDRESSES.c.account_id == account_id, _ADDRESSES.c.environment == environment.value)
    row = session.scalars(select(PayoutAddress).where(*own).order_by(_ADDRESSES.c.id.desc()).limit(1)).first()
    return None if row is None or row.proved_at is not None else _view(row)


def is_proved_of(session: Session, account_id: str, address: str) -> bool:
    """Tells whether an account has ever proved an address."""
    own = (_ADDRESSES.c.account_id == account_id, _ADDRESSES.c.address == address, _ADDRESSES.c.proved_at.is_not(None))
    return session.scalar(select(_ADDRESSES.c.id).where(*own).limit(1)) is not None


def _list(session: Session, account_id: str, environment: Environment) -> Sequence[AddressView]:
    own = (_ADDRESSES.c.account_id == account_id, _ADDRESSES.c.environment == environment.value,
           _ADDRESSES.c.proved_at.is_not(None))  # fmt: skip
    rows = session.scalars(select(PayoutAddress).where(*own).order_by(_ADDRESSES.c.proved_at.desc(), _ADDRESSES.c.id))
    proved = [_view(row) for row in rows]
    followed = [None, *(one.proved_at for one in proved)]  # by when each was followed by another
    return [one for one, at in zip(proved, followed, strict=False)
            if at is None or one.counts_from is None or one.counts_from <= at]  # fmt: skip


def _view(row: PayoutAddress) -> AddressView:
    return AddressView(row.id, row.address, row.proved_by, row.proved_at, row.counts_from, row.test_payout_id,
                       row.created_at)  # fmt: skip
