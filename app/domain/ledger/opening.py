"""Opens rows that must exist before they are locked: accounts, budgets, epochs. What is there stays as it is."""

from collections.abc import Collection, Iterable, Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from app.domain.ledger.accounts import Account
from app.domain.ledger.book import budget_set_id
from app.domain.ledger.tables import LedgerAccount, LedgerBudget, LedgerBudgetSet, LedgerBudgetSetMember, LedgerEpoch
from app.sql.columns import table_of
from app.sql.statements import Link, insert

KNOWN_MAX = 100_000
"""How many ids of accounts and sets a process remembers as opened; beyond that they are asked for again."""

_ACCOUNT = insert(
    table_of(LedgerAccount),
    ("id", "environment", "unit", "kind", "owner", "posted", "held", "floor", "created_at"),
    unless_there=True,
)
_BUDGET = insert(
    table_of(LedgerBudget),
    ("id", "environment", "unit", "cap", "spent", "held", "overrun", "created_at"),
    unless_there=True,
)
_EPOCH = insert(table_of(LedgerEpoch), ("subject", "epoch", "changed_at"), unless_there=True)

_SET = insert(table_of(LedgerBudgetSet), ("id",), unless_there=True)
_MEMBER = insert(table_of(LedgerBudgetSetMember), ("set_id", "budget_id"), unless_there=True)

_known: WeakKeyDictionary[Engine, set[str]] = WeakKeyDictionary()


def open_accounts(connection: Link, accounts: Iterable[Account], now: int) -> None:
    """Opens accounts, in id order so that two processes never wait for each other."""
    _ACCOUNT.run(connection, [
        (
            account.id, account.environment.value, account.unit.value, account.kind.value, account.owner,
            0, 0, account.floor, now,
        )
        for account in sorted(accounts, key=lambda account: account.id)
    ])  # fmt: skip


def open_shared_accounts(link: Link, accounts: Collection[Account], now: int) -> None:
    """Opens accounts that every request touches; those that a commit of this process opened cost nothing."""
    by_id = {account.id: account for account in accounts}
    if unknown := _unknown(link, by_id):
        open_accounts(link, [by_id[id_] for id_ in unknown], now)


def open_budget_sets(link: Link, sets: Collection[tuple[str, ...]]) -> None:
    """Writes sets of budgets; those that a commit of this process wrote cost nothing."""
    by_id = {str(budget_set_id(budgets)): budgets for budgets in sets}
    if unknown := _unknown(link, by_id):
        _SET.run(link, [(id_,) for id_ in unknown])
        _MEMBER.run(link, [(id_, budget_id) for id_ in unknown for budget_id in sorted(by_id[id_])])


def _unknown(link: Link, ids: Collection[str]) -> list[str]:
    """Returns, in order, those that no commit of this process has opened yet, and remembers them once this one has."""
    known = _known.setdefault(link.engine, set())
    unknown = sorted(set(ids) - known)

    def remember() -> None:
        if len(known) < KNOWN_MAX:
            known.update(unknown)

    if unknown:
        link.after_commit.append(remember)
    return unknown


def open_budgets(connection: Link, wallets: Mapping[str, Account], now: int) -> None:
    """Opens budgets with a cap of nothing, each of the unit and environment of its wallet."""
    _BUDGET.run(connection, [
        (budget_id, wallet.environment.value, wallet.unit.value, 0, 0, 0, 0, now)
        for budget_id, wallet in sorted(wallets.items())
    ])  # fmt: skip


def open_epochs(connection: Link, subjects: Iterable[str], now: int) -> None:
    """Opens epochs at 0, which is what a subject without a row has."""
    _EPOCH.run(connection, [(subject, 0, now) for subject in sorted(subjects)])
