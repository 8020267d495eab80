"""What can be asked of the ledger, and what it answers. Plain values: nothing here touches a database.

All amounts are nanos of the accounts' unit. A key or id is made by us, `kind:owner:…`; asking again with
the same key and inputs gives the first answer (`is_replay`), with other inputs KeyConflict.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from app.domain.ledger.accounts import Account
from app.domain.record import record


@record(frozen=True, slots=True)
class Transfer:
    """Moves `amount` from `debit` to `credit`; `type` is the word of the statement (`topup`, `charge` …)."""

    debit: Account
    credit: Account
    amount: int
    type: str
    request_id: str | None = None
    details: Mapping[str, Any] | None = None


@record(frozen=True, slots=True)
class Collected:
    """What a charge took: trial money first, then the wallet; `wanted` is what it asked for in all.

    `before` is what an earlier settlement of the same hold had taken of that.
    """

    from_promo: int
    from_wallet: int
    wanted: int
    before: int = 0

    @property
    def total(self) -> int:
        return self.from_promo + self.from_wallet


Split = Callable[[Collected], Sequence[Transfer]]
"""Says where a charge goes. Pure; its debits of promo and wallet must be what was collected.

A settlement asks it even if nothing was collected, so that what was not there can go to a shortfall.
"""


@record(frozen=True, slots=True)
class Epoch:
    """A version that a decision rests on; refused if it is no longer current."""

    subject: str
    epoch: int


@record(frozen=True, slots=True)
class Post:
    """Applies all transfers, or nothing. A `chargeback` may take its wallet below zero."""

    key: str
    transfers: tuple[Transfer, ...]
    is_chargeback: bool = False


@record(frozen=True, slots=True)
class Hold:
    """Sets aside the largest amount between `least` and `most` that wallet (promo first) and budgets can pay.

    `bound` is the most that may ever be charged on it, `owner` the process that answers for it.
    """

    id: str
    wallet: Account
    most: int
    least: int
    bound: int
    owner: str
    request_id: str | None = None
    budgets: tuple[str, ...] = ()
    epochs: tuple[Epoch, ...] = ()


@record(frozen=True, slots=True)
class Extend:
    """Raises an open hold by `amount`, never above its bound, and checkpoints the charge metered so far."""

    hold_id: str
    amount: int
    metered: int


@record(frozen=True, slots=True)
class Settle:
    """Charges `charge` on a hold, once, and gives the rest back.

    Above the hold it takes what is free, up to the bound. With `expires` the hold's process is gone and
    the charge is its last checkpoint; a later finisher may settle it once more, for the difference.

    Who knows the hold's `wallet` and `budgets` says so: its rows are then read together with the hold's.
    """

    hold_id: str
    charge: int
    split: Split
    expires: bool = False
    wallet: Account | None = None
    budgets: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Release:
    """Gives a hold back whole; `wallet` and `budgets` as in a settlement.

    `lost` says where goes what was used although nobody pays for it; it takes nothing of the wallet.
    """

    hold_id: str
    wallet: Account | None = None
    budgets: tuple[str, ...] = ()
    lost: Split | None = None


@record(frozen=True, slots=True)
class Charge:
    """Holds and settles exactly `amount` at once: a charge whose price is known beforehand."""

    id: str
    wallet: Account
    amount: int
    split: Split
    request_id: str | None = None
    budgets: tuple[str, ...] = ()
    epochs: tuple[Epoch, ...] = ()


@record(frozen=True, slots=True)
class SetCap:
    """Opens a budget or changes its cap; lowering it below what is spent refuses only what comes after."""

    budget_id: str
    wallet: Account
    cap: int


@record(frozen=True, slots=True)
class BumpEpoch:
    """Says that what decisions rest on has changed."""

    subject: str


Operation = Post | Hold | Extend | Settle | Release | Charge | SetCap | BumpEpoch


@record(frozen=True, slots=True)
class Applied:
    """What an operation did.

    `amount` is what is held (Hold, Extend) or was charged in all (Settle, Charge), posted (Post), the cap
    (SetCap) or the new epoch (BumpEpoch); `released` is what the hold gave back; `available` is what the
    wallet and its trial money have free afterwards, below zero after a chargeback, `balance` what they have
    with holds; `short` is what a charge wanted and could not take, `from_promo` what it now took of trial
    money (0 in a replay); `late` is what a settlement took after its hold had expired, else None; `cap_left`
    is the least that the budgets of a hold or charge still let through, None without budgets; `short_of` names the
    account or budget that kept a hold below its most, None where nothing did, and in a replay; `transfers` are what a
    charge has posted now, none in a replay.
    """

    amount: int = 0
    released: int = 0
    available: int = 0
    balance: int = 0
    short: int = 0
    from_promo: int = 0
    is_replay: bool = False
    late: int | None = None
    cap_left: int | None = None
    short_of: str | None = None
    transfers: Sequence[Transfer] = field(default=(), compare=False)


def inputs_hash(operation: Post | Hold | Charge) -> str:
    """Returns the hash that tells a repeated operation from another one under the same key."""
    match operation:
        case Post():
            return posting_hash(
                operation.is_chargeback, ((t.debit.id, t.credit.id, t.amount, t.type) for t in operation.transfers)
            )
        case Hold():
            amounts = (operation.most, operation.least, operation.bound)
            return _hash((operation.wallet.id, amounts, operation.budgets))
        case Charge():
            return _hash((operation.wallet.id, operation.amount, operation.budgets))


def posting_hash(is_chargeback: bool, lines: Iterable[tuple[str, str, int, str]]) -> str:
    """Returns the hash of a posting's transfers, each as debit, credit, amount and type; audits make it again."""
    return _hash((is_chargeback, *lines))


def _hash(parts: tuple[object, ...]) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()
