"""Shared wallets: one USDC wallet of a person in each environment, charged by every app that they authorized; and
beside it their credits, which nobody but their own calls charges.

Their ids follow from the account, as an app wallet's do from the user. Nothing is moved between the two.
"""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.ids import derived_id
from app.domain.ledger.accounts import Account, Kind, account_of
from app.domain.ledger.tables import LedgerAccount
from app.domain.money import Environment, Unit
from app.domain.wallets.tables import SharedWallet
from app.domain.wallets.wallets import UserWallet, end_user_id
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class SharedBalance:
    """A shared wallet as its person sees it; trial money is part of `posted_nanos`, and `trial_nanos` says how much."""

    posted_nanos: int
    held_nanos: int
    trial_nanos: int

    @property
    def available_nanos(self) -> int:
        return max(self.posted_nanos - self.held_nanos, 0)

    @property
    def owed_nanos(self) -> int:
        """What a dispute took that had been spent; trial money pays none of it."""
        return max(self.trial_nanos - self.posted_nanos, 0)


_NAMES = {Unit.USDC: "shared", Unit.CREDIT: "credits"}
OWN_UNITS = tuple(_NAMES)
"""What a person's own wallets count; trial money is for the last of those that there are."""


@lru_cache(maxsize=16_384)
def shared_account(person_id: str, environment: Environment, unit: Unit = Unit.USDC) -> Account:
    """Returns the ledger account of a person's shared wallet, or of their credits."""
    return account_of(environment, unit, Kind.WALLET, shared_wallet_id(person_id, environment, unit))


def shared_wallet_id(person_id: str, environment: Environment, unit: Unit = Unit.USDC) -> str:
    """Returns the id of a person's shared wallet, or of that of their credits."""
    return derived_id("wal", _NAMES[unit], person_id, environment.value)


def as_charged_by(
    person_id: str, environment: Environment, paywall_id: str, user: str, unit: Unit = Unit.USDC
) -> UserWallet:
    """Returns a person's wallet as what a paywall's user pays from."""
    account = shared_account(person_id, environment, unit)
    revenue = account.beside(Kind.REVENUE, paywall_id)
    return UserWallet(account.owner, paywall_id, end_user_id(paywall_id, user), user, account, revenue)


_OPEN = text(
    "INSERT INTO shared_wallet (id, person_id, environment, unit, account_id, created_at)"
    " VALUES (:id, :person_id, :environment, :unit, :account_id, :now) ON CONFLICT DO NOTHING"
)


def open_shared_wallet(session: Session, person_id: str, environment: Environment, unit: Unit = Unit.USDC) -> Account:
    """Makes the row of a person's wallet, unless it is there, and returns its ledger account."""
    account = shared_account(person_id, environment, unit)
    session.execute(_OPEN, {"id": account.owner, "person_id": person_id, "environment": environment.value,
                            "unit": unit.value, "account_id": account.id, "now": clock.now()})  # fmt: skip
    return account


def epoch_subject(wallet_id: str) -> str:
    """Returns the subject of the ledger epoch that freezing a shared wallet bumps."""
    return f"wallet:{wallet_id}"


def is_frozen(session: Session, wallet_id: str) -> bool:
    """Tells whether a shared wallet is frozen."""
    stored = session.get(SharedWallet, wallet_id)
    return stored is not None and stored.frozen_at is not None


def read_shared_balance(session: Session, account: Account) -> SharedBalance:
    """Returns what a shared wallet has; nothing for one that was never opened."""
    table = table_of(LedgerAccount)
    ids = (account.id, account.promo.id)
    rows = {
        row.id: row
        for row in session.execute(table.select().where(table.c.id.in_(ids)))
    }  # fmt: skip
    trial = rows[account.promo.id].posted if account.promo.id in rows else 0
    return SharedBalance(sum(row.posted for row in rows.values()), sum(row.held for row in rows.values()), trial)


def list_environments(session: Session, person_id: str) -> list[Environment]:
    """Returns the environments in which a person has a shared wallet, live first."""
    table = table_of(SharedWallet)
    of_person = select(table.c.environment).where(table.c.person_id == person_id, table.c.unit == Unit.USDC)
    found = session.scalars(of_person)
    return sorted(Environment(name) for name in found)
