"""The rows that a batch of operations touches, in memory while it is decided, and what it wants written."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.domain.ledger.accounts import Account
from app.domain.ledger.tables import HoldStatus

TRANSFER_COLUMNS = (
    "posting_id", "line", "debit_account_id", "credit_account_id", "amount", "type", "request_id", "details",
    "created_at",
)  # fmt: skip
"""The order of the values in `Book.transfers`."""


@lru_cache(maxsize=10_000)
def budget_set_id(budgets: tuple[str, ...]) -> str | None:
    """Returns the id of a set of budgets, the same in whatever order they are named; None for none."""
    if not budgets:
        return None
    return hashlib.sha256(json.dumps(sorted(budgets)).encode()).hexdigest()[:32]


@dataclass(slots=True)
class AccountRow:
    """An account that this batch has locked."""

    id: str
    posted: int
    held: int
    floor: int | None
    is_changed: bool = False

    @property
    def free(self) -> int:
        """What may leave: the balance without what is held, never less than nothing."""
        return max(self.posted - self.held, 0)

    @property
    def tight_floor(self) -> int | None:
        """The floor, raised to where the balance has come back to after a chargeback; never lowered here."""
        return None if self.floor is None else max(self.floor, min(self.posted - self.held, 0))


@dataclass(slots=True)
class BudgetRow:
    """A budget that this batch has locked."""

    id: str
    environment: str
    unit: str
    cap: int
    spent: int
    held: int
    overrun: int
    is_changed: bool = False

    @property
    def free(self) -> int:
        """What it still lets through."""
        left = self.cap - self.spent - self.held
        return left if left > 0 else 0

    @property
    def above_cap(self) -> int:
        """What stands above the cap."""
        above = self.spent + self.held - self.cap
        return above if above > 0 else 0


@dataclass(slots=True)
class HoldRow:
    """A hold that this batch has locked or made; `budgets` are the ids of those that it counts against,
    and `budget_set` that of all of them together."""

    id: str
    inputs_hash: str
    account_id: str
    owner: str
    request_id: str | None
    status: HoldStatus
    amount: int
    from_promo: int
    bound: int
    metered: int
    asked: int | None
    charged: int
    created_at: int
    closed_at: int | None
    budget_set: str | None = None
    budgets: tuple[str, ...] = ()
    is_new: bool = False
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class NewPosting:
    """The key of a posting that this batch makes."""

    inputs_hash: str
    is_chargeback: bool


@dataclass(slots=True)
class Book:
    """What was read, and what the decisions so far want written.

    `opened_budgets` are those that the batch's own SetCap made; they exist from that operation on.
    """

    now: int
    accounts: dict[str, AccountRow] = field(default_factory=dict)
    budgets: dict[str, BudgetRow] = field(default_factory=dict)
    opened_budgets: dict[str, BudgetRow] = field(default_factory=dict)
    holds: dict[str, HoldRow] = field(default_factory=dict)
    postings: dict[str, str] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    new_postings: dict[str, NewPosting] = field(default_factory=dict)
    bumped: set[str] = field(default_factory=set)
    transfers: list[Sequence[Any]] = field(default_factory=list)
    deltas: dict[Account, int] = field(default_factory=lambda: defaultdict(int))
    folded: list[int] = field(default_factory=list)

    def move(self, account: Account, amount: int) -> None:
        """Adds to a balance: on the row if it is locked, else as a delta."""
        row = self.accounts.get(account.id)
        if row is None:
            self.deltas[account] += amount
        else:
            row.posted += amount
            row.is_changed = True
