"""Holds and charges: what is set aside, what is taken of it, and what goes back.

Every function checks everything first, asks the split last, and only then changes the book.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.domain.errors import BadOperation, HoldClosed, InsufficientFunds, KeyConflict, StaleDecision
from app.domain.ledger.accounts import NEVER_BELOW_ZERO, Account, Kind, parse
from app.domain.ledger.book import Book, BudgetRow, HoldRow
from app.domain.ledger.operations import (
    Applied,
    Charge,
    Collected,
    Extend,
    Hold,
    Release,
    Settle,
    Split,
    Transfer,
    inputs_hash,
)
from app.domain.ledger.posting import applied, budget_rows, check_amount, check_transfers, record
from app.domain.ledger.tables import HoldStatus


def hold(book: Book, operation: Hold) -> Applied:
    """Grants the largest amount that fits, or refuses and names which could not pay."""
    stored = _asked_before(book, operation)
    if stored is not None:
        return _applied(book, operation.wallet, stored.amount, operation.budgets, is_replay=True)
    if not operation.least <= operation.most <= operation.bound:
        raise BadOperation(f"{operation.id}: a hold needs least ≤ most ≤ bound.")
    check_amount(operation.least, 0)
    check_amount(operation.bound, 0)
    budgets = _check_decision(book, operation)
    amount, short_of = _grantable(book, operation.wallet, budgets, operation.least, operation.most)
    made = HoldRow(
        id=operation.id,
        inputs_hash=inputs_hash(operation),
        account_id=operation.wallet.id,
        owner=operation.owner,
        request_id=operation.request_id,
        status=HoldStatus.OPEN,
        amount=amount,
        from_promo=min(_free(book, operation.wallet)[0], amount),
        bound=operation.bound,
        metered=0,
        asked=None,
        charged=0,
        created_at=book.now,
        closed_at=None,
        budgets=operation.budgets,
        is_new=True,
    )
    book.holds[made.id] = made
    _change_held(book, made, amount, made.from_promo)
    granted = _applied(book, operation.wallet, amount, operation.budgets)
    return granted if short_of is None else replace(granted, short_of=short_of)


def charge(book: Book, operation: Charge) -> Applied:
    """Takes exactly what is asked, or refuses; kept as a hold that was settled at once."""
    stored = _asked_before(book, operation)
    if stored is not None:
        return _applied(
            book, operation.wallet, stored.charged, operation.budgets, from_promo=stored.from_promo, is_replay=True
        )
    amount = operation.amount
    check_amount(amount, 1)
    budgets = _check_decision(book, operation)
    _grantable(book, operation.wallet, budgets, amount, amount)
    from_promo = min(_free(book, operation.wallet)[0], amount)
    transfers = _split(operation.wallet, operation.split, Collected(from_promo, amount - from_promo, amount))
    made = HoldRow(
        id=operation.id,
        inputs_hash=inputs_hash(operation),
        account_id=operation.wallet.id,
        owner="",
        request_id=operation.request_id,
        status=HoldStatus.SETTLED,
        amount=amount,
        from_promo=from_promo,
        bound=amount,
        metered=0,
        asked=amount,
        charged=amount,
        created_at=book.now,
        closed_at=book.now,
        budgets=operation.budgets,
        is_new=True,
    )
    book.holds[made.id] = made
    _spend(book, made, amount)
    record(book, f"charge:{made.id}", transfers, made.request_id)
    return _applied(book, operation.wallet, amount, operation.budgets, from_promo=from_promo, transfers=transfers)


def extend(book: Book, operation: Extend) -> Applied:
    """Raises an open hold by all that is asked, up to its bound, or refuses; an extension by 0 is a checkpoint."""
    hold = _known_hold(book, operation.hold_id)
    if hold.status is not HoldStatus.OPEN:
        raise HoldClosed(f"{hold.id} is {hold.status}.")
    check_amount(operation.amount, 0)
    check_amount(operation.metered, 0)
    amount = min(operation.amount, hold.bound - hold.amount)
    wallet = parse(hold.account_id)
    _grantable(book, wallet, budget_rows(book, wallet, hold.budgets), amount, amount)
    from_promo = min(_free(book, wallet)[0], amount)
    _change_held(book, hold, amount, from_promo)
    hold.amount += amount
    hold.from_promo += from_promo
    hold.metered = max(hold.metered, min(operation.metered, hold.bound))
    hold.is_changed = True
    return _applied(book, wallet, hold.amount, hold.budgets)


def settle(book: Book, operation: Settle) -> Applied:
    """Charges and gives the rest back, once; a hold that expired is settled once more, for the difference."""
    hold = _known_hold(book, operation.hold_id)
    if (hold.status is HoldStatus.SETTLED and hold.asked == operation.charge) or (
        hold.status is HoldStatus.EXPIRED and operation.expires
    ):
        return _settled(book, hold, is_replay=True)
    is_late = hold.status is HoldStatus.EXPIRED
    if hold.status is not HoldStatus.OPEN and not is_late:
        raise HoldClosed(f"{hold.id} is {hold.status}.")
    check_amount(operation.charge, 0)
    wallet = parse(hold.account_id)
    due = max(min(operation.charge, hold.bound) - hold.charged, 0)
    collected = _collect_due(book, hold, wallet, due, operation.charge)
    transfers = _split(wallet, operation.split, collected)
    if not is_late:
        _change_held(book, hold, -hold.amount, -hold.from_promo)
    _spend(book, hold, collected.total)
    record(book, f"{'late' if is_late else 'settle'}:{hold.id}", transfers, hold.request_id)
    hold.charged += collected.total
    hold.asked = operation.charge
    hold.status = HoldStatus.EXPIRED if operation.expires else HoldStatus.SETTLED
    hold.closed_at = book.now
    hold.is_changed = True
    late = collected.total if is_late else None
    return _settled(book, hold, from_promo=collected.from_promo, late=late, transfers=transfers)


def release(book: Book, operation: Release) -> Applied:
    """Gives a hold back whole; one that expired keeps what its last checkpoint charged."""
    hold = _known_hold(book, operation.hold_id)
    if hold.status is HoldStatus.SETTLED:
        raise HoldClosed(f"{hold.id} is settled.")
    if hold.status is not HoldStatus.OPEN:
        return _settled(book, hold, is_replay=True)
    transfers = () if operation.lost is None else _split(parse(hold.account_id), operation.lost, Collected(0, 0, 0))
    _change_held(book, hold, -hold.amount, -hold.from_promo)
    record(book, f"settle:{hold.id}", transfers, hold.request_id)
    hold.status, hold.closed_at, hold.is_changed = HoldStatus.RELEASED, book.now, True
    return _settled(book, hold, transfers=transfers)


def _asked_before(book: Book, operation: Hold | Charge) -> HoldRow | None:
    stored = book.holds.get(operation.id)
    if stored is not None and stored.inputs_hash != inputs_hash(operation):
        raise KeyConflict(f"{operation.id} was asked for before with other inputs.")
    return stored


def _known_hold(book: Book, hold_id: str) -> HoldRow:
    hold = book.holds.get(hold_id)
    if hold is None:
        raise HoldClosed(f"There is no hold {hold_id}.")
    return hold


def _check_decision(book: Book, operation: Hold | Charge) -> list[BudgetRow]:
    """Returns the budgets. Raises StaleDecision if what was decided on has changed, BadOperation if it never fitted."""
    if operation.wallet.kind is not Kind.WALLET:
        raise BadOperation(f"{operation.id}: {operation.wallet.id} is no wallet.")
    for epoch in operation.epochs:
        if book.epochs.get(epoch.subject, 0) != epoch.epoch:
            raise StaleDecision(f"{epoch.subject} has changed since this was decided.")
    return budget_rows(book, operation.wallet, operation.budgets)


def _free(book: Book, wallet: Account) -> tuple[int, int]:
    """Returns what trial money and wallet have free."""
    promo, row = book.accounts.get(wallet.promo.id), book.accounts.get(wallet.id)
    return (promo.free if promo else 0), (row.free if row else 0)


def _grantable(
    book: Book, wallet: Account, budgets: Sequence[BudgetRow], least: int, most: int
) -> tuple[int, str | None]:
    """Returns the largest amount that wallet and budgets can pay, and which of them has less than `most`.

    Raises InsufficientFunds below `least`.
    """
    available, short_of = sum(_free(book, wallet)), wallet.id
    for budget in budgets:
        if budget.free < available:
            available, short_of = budget.free, budget.id
    if available < least:
        raise InsufficientFunds(short_of, available, least)
    return (most, None) if available >= most else (available, short_of)


def _change_held(book: Book, hold: HoldRow, amount: int, from_promo: int) -> None:
    """Moves what accounts and budgets hold for a hold."""
    wallet = parse(hold.account_id)
    for account, part in ((wallet.promo, from_promo), (wallet, amount - from_promo)):
        if part:
            row = book.accounts[account.id]
            row.held += part
            row.is_changed = True
    for budget_id in hold.budgets:
        budget = book.budgets[budget_id]
        budget.held += amount
        budget.is_changed = True


def _spend(book: Book, hold: HoldRow, amount: int) -> None:
    for budget_id in hold.budgets:
        budget = book.budgets[budget_id]
        budget.spent += amount
        budget.is_changed = True


def _collect_due(book: Book, hold: HoldRow, wallet: Account, due: int, wanted: int) -> Collected:
    """Says what a settlement takes: what it holds, then what is free in trial money, wallet and budgets."""
    held, held_promo = (hold.amount, hold.from_promo) if hold.status is HoldStatus.OPEN else (0, 0)
    inside = min(due, held)
    from_promo = min(held_promo, inside)
    from_wallet = inside - from_promo
    if due > inside:
        free_promo, free_wallet = _free(book, wallet)
        extra = min([due - inside, *(budget.free for budget in budget_rows(book, wallet, hold.budgets))])
        more_promo = min(extra, free_promo)
        from_promo += more_promo
        from_wallet += min(extra - more_promo, free_wallet)
    return Collected(from_promo, from_wallet, wanted, hold.charged)


def _split(wallet: Account, split: Split, collected: Collected) -> Sequence[Transfer]:
    """Returns where a charge goes. Raises BadOperation unless it takes exactly what was collected."""
    transfers = split(collected)
    net = check_transfers(transfers) if transfers else {}
    for account, taken in ((wallet.promo, collected.from_promo), (wallet, collected.from_wallet)):
        if net.pop(account, 0) != -taken:
            raise BadOperation(f"A split must take exactly the {taken} nanos that were collected from {account.id}.")
    for account, amount in net.items():
        if account.environment is not wallet.environment or account.unit is not wallet.unit:
            raise BadOperation(f"{account.id} and {wallet.id} can never be in one posting.")
        if not account.is_shared_by_all or (amount < 0 and account.kind in NEVER_BELOW_ZERO):
            raise BadOperation(f"A split can not move the money of {account.id}.")
    return transfers


def _settled(book: Book, hold: HoldRow, **more: Any) -> Applied:
    """Answers with what a closed hold came to in all, and `more` of what Applied says."""
    return _applied(
        book,
        parse(hold.account_id),
        hold.charged,
        hold.budgets,
        released=max(hold.amount - hold.charged, 0),
        short=max((hold.asked or 0) - hold.charged, 0),
        **more,
    )


def _applied(book: Book, wallet: Account, amount: int, budgets: Sequence[str], **more: Any) -> Applied:
    """Answers with the state of the wallet, and with what the budgets still let through where there are any."""
    cap_left = min([book.budgets[budget].free for budget in budgets]) if budgets else None
    return applied(book, wallet, amount, cap_left=cap_left, **more)
