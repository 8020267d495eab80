"""Deposit addresses: one for each wallet and chain, the same for ever."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, text, update
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.chain_deposits.tables import DepositAddress
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, parse
from app.sql.columns import table_of

_ADDRESSES = table_of(DepositAddress)
ASKED_AT_ONCE = 200
_KEEP = text(
    "INSERT INTO deposit_address (id, chain_id, wallet_id, account_id, address, factory, salt, proxy_hash,"
    " unswept_units, created_at) VALUES (:id, :chain_id, :wallet_id, :account_id, :address, :factory, :salt,"
    " :proxy_hash, 0, :now) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class AddressOf:
    """Where a wallet gets money: its ledger account, the address, and what that follows from."""

    wallet: Account
    address: str
    factory: str
    salt: str
    proxy_hash: str


def salt_of(instance_id: str, wallet_id: str) -> str:
    """Returns the salt of a wallet's address: the same from the same database, whatever was forgotten since."""
    return "0x" + hashlib.sha256(f"coinslot deposit\x00{instance_id}\x00{wallet_id}".encode()).hexdigest()


def keep(session: Session, chain_id: int, new: AddressOf) -> str:
    """Keeps a wallet's address on a chain, unless one is kept, and returns the one that counts."""
    id_ = derived_id("dpa", str(chain_id), new.wallet.owner)
    session.execute(_KEEP, {"id": id_, "chain_id": chain_id, "wallet_id": new.wallet.owner,
                            "account_id": new.wallet.id, "address": new.address, "factory": new.factory,
                            "salt": new.salt, "proxy_hash": new.proxy_hash, "now": clock.now()})  # fmt: skip
    return session.get_one(DepositAddress, id_, populate_existing=True).address


def is_ours(session: Session, chain_id: int, address: str) -> bool:
    """Tells whether an address is a wallet's deposit address on a chain."""
    found = select(_ADDRESSES.c.id).where(_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.address == address)
    return session.scalar(found.limit(1)) is not None


def wallets_by_address(session: Session, chain_id: int) -> Mapping[str, Account]:
    """Returns whose each deposit address of a chain is."""
    found = select(_ADDRESSES.c.address, _ADDRESSES.c.account_id).where(_ADDRESSES.c.chain_id == chain_id)
    return {address: parse(account_id) for address, account_id in session.execute(found)}


def count_all(session: Session, chain_ids: Sequence[int]) -> int:
    """Returns how many deposit addresses some chains have."""
    found = select(func.count()).select_from(DepositAddress).where(_ADDRESSES.c.chain_id.in_(list(chain_ids)))
    return int(session.scalar(found) or 0)


def list_fresh(session: Session, chain_id: int, limit: int) -> Sequence[str]:
    """Returns addresses of which nobody has asked yet what came before they were known here, the oldest first."""
    fresh = (_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.looked_back_at.is_(None))
    found = select(_ADDRESSES.c.address).where(*fresh).order_by(_ADDRESSES.c.created_at).limit(limit)
    return list(session.scalars(found))


def note_looked_back(session: Session, chain_id: int, units: Mapping[str, int]) -> None:
    """Notes that all that came to addresses before they were known here has been taken, and what each has by that.

    What was swept may be known before what came.
    """
    now = clock.now()
    for address, left in units.items():
        own = (_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.address == address)
        since = case((_ADDRESSES.c.unswept_since.is_(None), now), else_=_ADDRESSES.c.unswept_since)
        there = {"unswept_units": left, "unswept_since": since} if left > 0 else {
            "unswept_units": 0, "unswept_since": None}  # fmt: skip
        session.execute(update(_ADDRESSES).where(*own).values(looked_back_at=now, **there))


def look_again(session: Session, chain_id: int, held: Mapping[str, int]) -> int:
    """Has addresses that hold more than is known to be there looked back at once more, each once a day; returns how
    many: a node may have hidden what came there when its block was read."""
    due = (_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.looked_back_at < clock.now() - clock.DAY)
    known = session.execute(select(_ADDRESSES.c.address, _ADDRESSES.c.unswept_units).where(*due))
    more = [address for address, units in known if held.get(address, 0) > units]
    for start in range(0, len(more), ASKED_AT_ONCE):
        part = _ADDRESSES.c.address.in_(more[start : start + ASKED_AT_ONCE])
        session.execute(update(_ADDRESSES).where(*due, part).values(looked_back_at=None))
    return len(more)


def newest(session: Session, chain_id: int) -> AddressOf | None:
    """Returns the address that was made last on a chain, for who asks whether it still follows from its factory."""
    found = select(DepositAddress).where(_ADDRESSES.c.chain_id == chain_id).order_by(_ADDRESSES.c.created_at.desc())
    stored = session.scalars(found.limit(1)).first()
    return None if stored is None else _read(stored)


def list_unswept(session: Session, chain_id: int, least_units: int, before: int, limit: int) -> Sequence[AddressOf]:
    """Returns addresses worth a sweep: with at least so many units, or with any since before a time (microseconds)."""
    worth = (_ADDRESSES.c.unswept_units >= least_units) | (_ADDRESSES.c.unswept_since < before)
    found = select(DepositAddress).where(_ADDRESSES.c.chain_id == chain_id, _ADDRESSES.c.unswept_units > 0, worth)
    return [_read(stored) for stored in session.scalars(found.order_by(_ADDRESSES.c.unswept_since).limit(limit))]


def _read(stored: DepositAddress) -> AddressOf:
    return AddressOf(parse(stored.account_id), stored.address, stored.factory, stored.salt, stored.proxy_hash)
