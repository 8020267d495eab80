"""Top-ups that people sign in their own wallets: what is to be signed, for how long, and how often we pay the gas."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.chain_deposits.tables import ArrivalKind, ChainArrival, SignedTopup
from app.domain.errors import BadField, LimitReached, NotFound
from app.domain.ids import as_id, new_id
from app.domain.money import MICRO_NANOS, NANOS
from app.domain.turns import take_turns
from app.sql.columns import table_of

LEAST_UNITS, MOST_UNITS = NANOS // MICRO_NANOS, 10_000 * NANOS // MICRO_NANOS
VALID_SECONDS = 15 * 60
LEFT_SECONDS_LEAST = 60
"""How long one must still be valid when it is sent: a block takes seconds, a stuck transaction longer."""
HOUR_MAX, DAY_MAX = 5, 20
"""How often we pay gas for one person in any hour, and in any 24."""
SHOWN_FOR = clock.DAY
LISTED_MAX = 5

_TOPUPS, _ARRIVALS = table_of(SignedTopup), table_of(ChainArrival)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody means to pay in, from an address of theirs to one of ours; no block before can have it."""

    account_id: str
    wallet_id: str
    chain_id: int
    payer: str
    payee: str
    units: int
    since_block: int


@dataclass(frozen=True, slots=True)
class SentTopup:
    """A signed top-up of which no transfer was seen yet; `is_over`: none can come any more."""

    id: str
    units: int
    is_over: bool


def check_amount(units: int) -> None:
    """Raises BadField for an amount that is not worth its gas, or more than one signature should move."""
    if not LEAST_UNITS <= units <= MOST_UNITS:
        least, most = (bound * MICRO_NANOS // NANOS for bound in (LEAST_UNITS, MOST_UNITS))
        raise BadField("amount", f"Sign {least} to {most:,} USDC. Any amount can be sent to the address instead.")


def nonce_of(topup_id: str) -> str:
    """Returns the nonce of a top-up's authorization: the token takes it once from its payer, whoever brings it."""
    return "0x" + hashlib.sha256(f"coinslot topup\x00{topup_id}".encode()).hexdigest()


def begin(session: Session, asked: Asked) -> SignedTopup:
    """Keeps what somebody is asked to sign, for a short time."""
    check_amount(asked.units)
    id_, now = new_id("stp"), clock.now()
    row = SignedTopup(
        id=id_, account_id=asked.account_id, wallet_id=asked.wallet_id, chain_id=asked.chain_id, payer=asked.payer,
        payee=asked.payee, units=asked.units, nonce=nonce_of(id_), valid_before=now // clock.SECOND + VALID_SECONDS,
        since_block=asked.since_block, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def read_own(session: Session, account_id: str, topup_id: str) -> SignedTopup:
    """Returns what somebody was asked to sign. Raises NotFound for another's."""
    row = session.get(SignedTopup, as_id(topup_id), populate_existing=True)
    if row is None or row.account_id != account_id:
        raise NotFound("There is no such top-up.")
    return row


def check_pace(session: Session, account_id: str) -> None:
    """Raises LimitReached where we have paid gas for somebody too often of late; holds their turn until the end."""
    take_turns(session, f"signed_topups:{account_id}")
    now = clock.now()
    for most, seconds in ((HOUR_MAX, 3_600), (DAY_MAX, 24 * 3_600)):
        since = now - seconds * clock.SECOND
        found = select(func.count(), func.min(_TOPUPS.c.signed_at)).where(
            _TOPUPS.c.account_id == account_id, _TOPUPS.c.signed_at > since, _TOPUPS.c.transaction_id.is_not(None)
        )
        count, oldest = session.execute(found).one()
        if count >= most:
            wait = max((oldest - since) // clock.SECOND, 1)
            message = (
                f"We paid the gas of {count} top-ups for you already. Try again in {-(-wait // 60)} min, or send USDC"
                " to the address yourself."
            )
            raise LimitReached(message, "too_often", wait)


def note_signed(session: Session, topup_id: str, signature: bytes, transaction_id: str | None) -> bool:
    """Keeps a signature, and which transaction of ours brings it; False, with nothing kept, where one was before."""
    row = session.get_one(SignedTopup, topup_id, with_for_update=True, populate_existing=True)
    if row.signature is not None:
        return False
    row.signature, row.signed_at, row.transaction_id = signature, clock.now(), transaction_id
    session.flush()
    return True


def list_sent(session: Session, wallet_id: str) -> Sequence[SentTopup]:
    """Returns the newest of a wallet's signed top-ups whose transfer was not seen in any block yet."""
    came = exists().where(
        _ARRIVALS.c.chain_id == _TOPUPS.c.chain_id, _ARRIVALS.c.wallet_id == _TOPUPS.c.wallet_id,
        _ARRIVALS.c.payer == _TOPUPS.c.payer, _ARRIVALS.c.nonce == _TOPUPS.c.nonce,
        _ARRIVALS.c.kind.in_((ArrivalKind.SEEN, ArrivalKind.CREDITED)),
    )  # fmt: skip
    now = clock.now()
    found = (
        select(_TOPUPS.c.id, _TOPUPS.c.units, _TOPUPS.c.valid_before)
        .where(_TOPUPS.c.wallet_id == wallet_id, _TOPUPS.c.created_at > now - SHOWN_FOR)
        .where(_TOPUPS.c.signed_at.is_not(None), ~came)
        .order_by(_TOPUPS.c.created_at.desc())
        .limit(LISTED_MAX)
    )
    over = now // clock.SECOND - VALID_SECONDS  # by then what was mined in time is final
    return [SentTopup(row.id, row.units, row.valid_before < over) for row in session.execute(found)]
