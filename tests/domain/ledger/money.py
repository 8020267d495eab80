"""Accounts, splits and shortcuts that the ledger's tests share."""

# ruff: noqa: S608 - SQL behind the ledger's back, with ids of our own

from collections.abc import Sequence

from sqlalchemy import text

from app import db
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.apply import Outcome, apply, apply_one
from app.domain.ledger.invariants import check_all
from app.domain.ledger.operations import Applied, Collected, Operation, Post, Split, Transfer
from app.domain.money import Environment, Unit


def account(kind: Kind, owner: str, environment: Environment = Environment.SANDBOX, unit: Unit = Unit.USD) -> Account:
    return Account(environment, unit, kind, owner)


WALLET = account(Kind.WALLET, "wal_ada")
OTHER_WALLET = account(Kind.WALLET, "wal_bob")
WORLD = account(Kind.WORLD, "custom")
GRANTS = account(Kind.GRANTS, "instance")
REVENUE = account(Kind.REVENUE, "pw")
PENDING = account(Kind.EARNINGS_PENDING, "pw")
EARNINGS = account(Kind.EARNINGS, "pw")
FEES = account(Kind.PLATFORM_FEES, "instance")


def to_revenue(wallet: Account = WALLET) -> Split:
    """All of a charge is the paywall's revenue."""

    def split(collected: Collected) -> list[Transfer]:
        revenue = wallet.beside(Kind.REVENUE, "pw")
        parts = ((wallet.promo, collected.from_promo), (wallet, collected.from_wallet))
        return [Transfer(source, revenue, amount, "charge") for source, amount in parts if amount]

    return split


def to_earnings(wallet: Account = WALLET) -> Split:
    """A tenth of a charge is a fee, the rest pending earnings."""

    def split(collected: Collected) -> list[Transfer]:
        pending, fees = wallet.beside(Kind.EARNINGS_PENDING, "pw"), wallet.beside(Kind.PLATFORM_FEES, "instance")
        parts = []
        for source, amount in ((wallet.promo, collected.from_promo), (wallet, collected.from_wallet)):
            fee = amount // 10
            targets = ((fees, fee), (pending, amount - fee))
            parts += [Transfer(source, target, part, "charge") for target, part in targets if part]
        return parts

    return split


def deposit(key: str, amount: int, wallet: Account = WALLET) -> Post:
    return Post(key, (Transfer(wallet.beside(Kind.WORLD, "custom"), wallet, amount, "deposit"),))


def grant(key: str, amount: int, wallet: Account = WALLET) -> Post:
    return Post(key, (Transfer(wallet.beside(Kind.GRANTS, "instance"), wallet.promo, amount, "grant"),))


def do(operation: Operation) -> Applied:
    """Applies one operation in a transaction of its own."""
    with db.transaction() as session:
        return apply_one(session, operation)


def do_all(operations: Sequence[Operation]) -> list[Outcome]:
    """Applies operations in one transaction."""
    with db.transaction() as session:
        return apply(session, operations)


def posted(address: Account) -> int:
    """Returns an account's stored balance."""
    with db.transaction(writes=False) as session:
        statement = text("SELECT posted FROM ledger_account WHERE id = :id")
        return int(session.execute(statement, {"id": address.id}).scalar() or 0)


def count(table: str, where: str = "1 = 1") -> int:
    with db.transaction(writes=False) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar_one())


def findings() -> list[tuple[str, str]]:
    """Returns what breaks the ledger's promises, as check and row."""
    with db.transaction(writes=False) as session:
        return [(finding.check, finding.row) for finding in check_all(session, lambda _check, _share: None)]


def execute(statement: str) -> None:
    """Executes SQL behind the ledger's back."""
    with db.transaction() as session:
        session.execute(text(statement))
