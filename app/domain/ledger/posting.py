"""Postings, caps, and what every decision ends with: transfers on the book and an answer."""

from collections.abc import Sequence

from app.domain.errors import BadOperation, InsufficientFunds, KeyConflict
from app.domain.ledger.accounts import (
    AMOUNT_NANOS_MAX,
    CHARGED,
    NEVER_BELOW_ZERO,
    NO_TRIAL_MONEY,
    Account,
    Kind,
)
from app.domain.ledger.book import Book, BudgetRow, NewPosting
from app.domain.ledger.operations import Applied, Post, SetCap, Transfer, inputs_hash


def post(book: Book, post: Post) -> Applied:
    """Posts all transfers or refuses; the same key with the same transfers answers as it did."""
    digest = inputs_hash(post)
    stored = book.postings.get(post.key)
    if stored is not None:
        if stored != digest:
            raise KeyConflict(f"{post.key} was posted before with other transfers.")
        return _posted(book, post, is_replay=True)
    net = check_transfers(post.transfers)
    below = [account for account, amount in net.items() if _takes_too_much(book, account, amount, post.is_chargeback)]
    for account in below:
        row = book.accounts[account.id]
        row.floor = min(row.floor or 0, row.posted - row.held + net[account])
    book.postings[post.key] = digest
    book.new_postings[post.key] = NewPosting(digest, post.is_chargeback)
    record(book, post.key, post.transfers)
    return _posted(book, post)


def _takes_too_much(book: Book, account: Account, amount: int, is_chargeback: bool) -> bool:
    """Tells whether an accepted chargeback takes a wallet below its floor. Raises InsufficientFunds otherwise."""
    if amount >= 0 or account.kind not in NEVER_BELOW_ZERO:
        return False
    row = book.accounts[account.id]
    if row.free >= -amount:
        return False
    if not (is_chargeback and account.kind is Kind.WALLET):
        raise InsufficientFunds(account.id, row.free, -amount)
    return True


def _posted(book: Book, post: Post, *, is_replay: bool = False) -> Applied:
    """Answers with the state of the wallet that the posting is about, the one credited if there are two."""
    sides = (account for transfer in post.transfers for account in (transfer.credit, transfer.debit))
    wallet = next((account for account in sides if account.kind in CHARGED), None)
    amount = sum(transfer.amount for transfer in post.transfers)
    return applied(book, wallet, amount, is_replay=is_replay) if wallet else Applied(amount, is_replay=is_replay)


def check_transfers(transfers: Sequence[Transfer]) -> dict[Account, int]:
    """Returns what each account gains.

    Raises BadOperation unless all amounts are possible, all accounts of one unit and environment, and
    trial money stays inside.
    """
    if not transfers:
        raise BadOperation("A posting needs at least one transfer.")
    first = transfers[0].debit
    net: dict[Account, int] = {}
    for transfer in transfers:
        debit, credit, amount = transfer.debit, transfer.credit, transfer.amount
        check_amount(amount, 1)
        if debit == credit:
            raise BadOperation(f"A transfer needs two accounts, not {debit.id} twice.")
        if debit.kind is Kind.PROMO and credit.kind in NO_TRIAL_MONEY:
            raise BadOperation(f"Trial money of {debit.id} can not go to {credit.id}.")
        for account, gain in ((debit, -amount), (credit, amount)):
            if account.environment is not first.environment or account.unit is not first.unit:
                raise BadOperation(f"{account.id} and {first.id} can never be in one posting.")
            net[account] = net.get(account, 0) + gain
    return net


def check_amount(amount: int, least: int) -> None:
    """Raises BadOperation for an amount of nanos that no operation can have."""
    if type(amount) is not int or not least <= amount <= AMOUNT_NANOS_MAX:
        raise BadOperation(f"{amount!r} nanos are not possible; {least} to {AMOUNT_NANOS_MAX} are.")


def record(book: Book, posting_id: str, transfers: Sequence[Transfer], request_id: str | None = None) -> None:
    """Moves the money on the book and remembers the transfers; everything has been checked before."""
    for line, transfer in enumerate(transfers):
        book.move(transfer.debit, -transfer.amount)
        book.move(transfer.credit, transfer.amount)
        details = dict(transfer.details) if transfer.details else None
        book.transfers.append((
            posting_id, line, transfer.debit.id, transfer.credit.id, transfer.amount, transfer.type,
            transfer.request_id or request_id, details, book.now,
        ))  # fmt: skip


def applied(
    book: Book,
    wallet: Account,
    amount: int,
    *,
    released: int = 0,
    short: int = 0,
    from_promo: int = 0,
    is_replay: bool = False,
    late: int | None = None,
    cap_left: int | None = None,
    transfers: Sequence[Transfer] = (),
) -> Applied:
    """Answers with the state of a wallet and its trial money as the book now has it."""
    own, trial = wallet.purse
    accounts, balance, held = book.accounts, 0, 0
    if (row := accounts.get(own.id)) is not None:
        balance, held = row.posted, row.held
    if (row := accounts.get(trial.id)) is not None:
        balance, held = balance + row.posted, held + row.held
    free = balance - held
    return Applied(amount, released, free, balance, short, from_promo, is_replay, late, cap_left, None, transfers)


def set_cap(book: Book, operation: SetCap) -> Applied:
    """Changes a cap; what stands above it is remembered as the budget's overrun."""
    check_amount(operation.cap, 0)
    if opened := book.opened_budgets.pop(operation.budget_id, None):
        book.budgets[opened.id] = opened
    (budget,) = budget_rows(book, operation.wallet, (operation.budget_id,))
    budget.cap = operation.cap
    budget.overrun = budget.above_cap
    budget.is_changed = True
    return Applied(amount=budget.cap, available=budget.free)


def budget_rows(book: Book, wallet: Account, budget_ids: Sequence[str]) -> list[BudgetRow]:
    """Returns the budgets of a charge. Raises BadOperation for one that is missing, double or of another unit."""
    if not budget_ids:
        return []
    rows: dict[str, BudgetRow] = {}
    environment, unit = wallet.environment.value, wallet.unit.value
    for budget_id in budget_ids:
        row = book.budgets.get(budget_id)
        if row is None or budget_id in rows or row.environment != environment or row.unit != unit:
            raise BadOperation(f"There is no budget {budget_id} for {wallet.id}.")
        rows[budget_id] = row
    return list(rows.values())
