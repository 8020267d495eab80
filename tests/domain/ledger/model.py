"""The ledger as one would explain it to a child: dictionaries, and sums made anew each time they are needed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from app.domain.errors import (
    BadOperation,
    HoldClosed,
    InsufficientFunds,
    KeyConflict,
    LedgerRefused,
    StaleDecision,
)
from app.domain.ledger.accounts import Account, Kind
from app.domain.ledger.operations import (
    Applied,
    BumpEpoch,
    Charge,
    Collected,
    Extend,
    Hold,
    Operation,
    Post,
    Release,
    SetCap,
    Settle,
    Transfer,
)

MUST_HAVE_IT = {"wallet", "promo", "earnings_pending", "earnings", "payout_transit"}
OF_ONE_OWNER = {"wallet", "promo", "earnings", "payout_transit"}
NOT_FOR_TRIAL_MONEY = {"wallet", "promo", "payout_transit", "world"}


@dataclass
class ModelHold:
    """A hold; what it holds of trial money stands apart."""

    wallet: Account
    inputs: object
    amount: int
    from_promo: int
    bound: int
    budgets: tuple[str, ...]
    status: str = "open"
    asked: int = 0
    charged: int = 0
    charged_promo: int = 0


@dataclass
class Model:
    """What everybody should have."""

    balances: Counter[str] = field(default_factory=Counter)
    holds: dict[str, ModelHold] = field(default_factory=dict)
    budgets: dict[str, tuple[str, int]] = field(default_factory=dict)
    epochs: Counter[str] = field(default_factory=Counter)
    postings: dict[str, object] = field(default_factory=dict)

    def copy(self) -> "Model":
        """Returns one that shares nothing that changes: of all that it keeps, only its dictionaries and holds do."""
        holds = {name: copy(hold) for name, hold in self.holds.items()}
        return Model(self.balances.copy(), holds, self.budgets.copy(), self.epochs.copy(), self.postings.copy())

    def apply(self, operation: Operation) -> Applied | LedgerRefused:
        """Returns what the ledger should answer."""
        before = self.copy()
        try:
            return getattr(self, f"_{type(operation).__name__.lower()}")(operation)  # type: ignore[no-any-return]
        except LedgerRefused as refusal:
            assert self == before, "the model itself changed what it refused"
            return refusal

    def held(self, account: Account) -> int:
        wallet, promo = account.purse
        open_holds = [hold for hold in self.holds.values() if hold.status == "open" and hold.wallet == wallet]
        if account == promo:
            return sum(hold.from_promo for hold in open_holds)
        return sum(hold.amount - hold.from_promo for hold in open_holds)

    def free(self, account: Account) -> int:
        return max(self.balances[account.id] - self.held(account), 0)

    def free_together(self, wallet: Account) -> int:
        return self.free(wallet) + self.free(wallet.promo)

    def spent(self, budget_id: str) -> int:
        return sum(hold.charged for hold in self.holds.values() if budget_id in hold.budgets)

    def held_of(self, budget_id: str) -> int:
        counted = [hold for hold in self.holds.values() if budget_id in hold.budgets and hold.status == "open"]
        return sum(hold.amount for hold in counted)

    def left(self, budget_id: str) -> int:
        return max(self.budgets[budget_id][1] - self.spent(budget_id) - self.held_of(budget_id), 0)

    def _answer(self, wallet: Account, amount: int, budgets: Sequence[str] = (), **more: Any) -> Applied:
        balance = sum(self.balances[account.id] for account in wallet.purse)
        held = sum(self.held(account) for account in wallet.purse)
        left = min(map(self.left, budgets)) if budgets else None
        return Applied(amount=amount, available=balance - held, balance=balance, cap_left=left, **more)

    def _closed(self, hold: ModelHold, **more: Any) -> Applied:
        released, short = max(hold.amount - hold.charged, 0), max(hold.asked - hold.charged, 0)
        return self._answer(hold.wallet, hold.charged, hold.budgets, released=released, short=short, **more)

    def _post(self, post: Post) -> Applied:
        inputs = (post.is_chargeback, [(t.debit.id, t.credit.id, t.amount, t.type) for t in post.transfers])
        known = self.postings.get(post.key)
        if known is not None and known != inputs:
            raise KeyConflict(post.key)
        if known is None:
            check_sane(post.transfers)
            for account, gain in gains(post.transfers).items():
                may_go_below = post.is_chargeback and account.kind == "wallet"
                if gain < 0 and account.kind in MUST_HAVE_IT and not may_go_below and self.free(account) < -gain:
                    raise InsufficientFunds(account.id, self.free(account), -gain)
            self._move(post.transfers)
            self.postings[post.key] = inputs
        accounts = [account for t in post.transfers for account in (t.credit, t.debit)]
        wallet = next((account for account in accounts if account.kind in ("wallet", "promo")), None)
        amount = sum(t.amount for t in post.transfers)
        is_replay = known is not None
        return self._answer(wallet, amount, is_replay=is_replay) if wallet else Applied(amount, is_replay=is_replay)

    def _move(self, transfers: Sequence[Transfer]) -> None:
        for account, gain in gains(transfers).items():
            self.balances[account.id] += gain

    def _check_decision(self, operation: Hold | Charge, needed: int) -> None:
        if operation.wallet.kind is not Kind.WALLET:
            raise BadOperation("no wallet")
        if any(self.epochs[epoch.subject] != epoch.epoch for epoch in operation.epochs):
            raise StaleDecision("old")
        if len(set(operation.budgets)) < len(operation.budgets):
            raise BadOperation("the same budget twice")
        for budget_id in operation.budgets:
            if budget_id not in self.budgets or self.budgets[budget_id][0] != place(operation.wallet):
                raise BadOperation("no such budget")
        self._check_funds(operation.wallet, operation.budgets, needed)

    def _frees(self, wallet: Account, budgets: Sequence[str]) -> dict[str, int]:
        return {wallet.id: self.free_together(wallet), **{budget: self.left(budget) for budget in budgets}}

    def _check_funds(self, wallet: Account, budgets: Sequence[str], needed: int) -> None:
        frees = self._frees(wallet, budgets)
        short_of = min(frees, key=lambda name: frees[name])
        if frees[short_of] < needed:
            raise InsufficientFunds(short_of, frees[short_of], needed)

    def _hold(self, operation: Hold) -> Applied:
        inputs = ("hold", operation.wallet, operation.most, operation.least, operation.bound, operation.budgets)
        known = self._known(operation.id, inputs)
        if known is not None:
            return self._answer(operation.wallet, known.amount, operation.budgets, is_replay=True)
        if not 0 <= operation.least <= operation.most <= operation.bound <= 10**18:
            raise BadOperation("not least ≤ most ≤ bound")
        self._check_decision(operation, operation.least)
        frees = self._frees(operation.wallet, operation.budgets)
        tightest = min(frees, key=lambda name: frees[name])
        amount = min(operation.most, frees[tightest])
        promo = min(amount, self.free(operation.wallet.promo))
        made = ModelHold(operation.wallet, inputs, amount, promo, operation.bound, operation.budgets)
        self.holds[operation.id] = made
        short_of = tightest if amount < operation.most else None
        return self._answer(operation.wallet, amount, operation.budgets, short_of=short_of)

    def _charge(self, operation: Charge) -> Applied:
        inputs = ("charge", operation.wallet, operation.amount, operation.budgets)
        known = self._known(operation.id, inputs)
        if known is not None:
            return self._answer(
                operation.wallet, known.charged, operation.budgets, from_promo=known.from_promo, is_replay=True
            )
        amount = operation.amount
        if not 1 <= amount <= 10**18:
            raise BadOperation("no amount")
        self._check_decision(operation, amount)
        promo = min(amount, self.free(operation.wallet.promo))
        transfers = check_split(
            operation.wallet, operation.split(Collected(promo, amount - promo, amount)), promo, amount
        )
        self._move(transfers)
        self.holds[operation.id] = ModelHold(
            operation.wallet, inputs, amount, promo, amount, operation.budgets, "settled", amount, amount
        )
        return self._answer(operation.wallet, amount, operation.budgets, from_promo=promo, transfers=transfers)

    def _known(self, hold_id: str, inputs: object) -> ModelHold | None:
        known = self.holds.get(hold_id)
        if known is not None and known.inputs != inputs:
            raise KeyConflict(hold_id)
        return known

    def _extend(self, operation: Extend) -> Applied:
        hold = self.holds.get(operation.hold_id)
        if hold is None or hold.status != "open":
            raise HoldClosed("closed")
        if not (0 <= operation.amount <= 10**18 and 0 <= operation.metered <= 10**18):
            raise BadOperation("no amount")
        amount = min(operation.amount, hold.bound - hold.amount)
        self._check_funds(hold.wallet, hold.budgets, amount)
        hold.from_promo += min(amount, self.free(hold.wallet.promo))
        hold.amount += amount
        return self._answer(hold.wallet, hold.amount, hold.budgets)

    def _settle(self, operation: Settle) -> Applied:
        hold = self.holds.get(operation.hold_id)
        if hold is None or hold.status == "released":
            raise HoldClosed("closed")
        if hold.status == "expired" and operation.expires:
            return self._closed(hold, is_replay=True)
        if hold.status == "settled":
            if hold.asked != operation.charge:
                raise HoldClosed("settled for another charge")
            return self._closed(hold, is_replay=True)
        if not 0 <= operation.charge <= 10**18:
            raise BadOperation("no amount")
        after = self.copy()
        promo, transfers = after._collect(operation, after.holds[operation.hold_id])
        self.__dict__ = after.__dict__
        settled = self.holds[operation.hold_id]
        late = settled.charged - hold.charged if hold.status == "expired" else None
        return self._closed(settled, from_promo=promo, late=late, transfers=transfers)

    def _collect(self, operation: Settle, hold: ModelHold) -> tuple[int, Sequence[Transfer]]:
        """Gives back what is held first, then takes: trial money, wallet, as far as the budgets let it."""
        was_open = hold.status == "open"
        due = max(min(operation.charge, hold.bound) - hold.charged, 0)
        inside = min(due, hold.amount) if was_open else 0
        hold_promo = min(hold.from_promo, inside)
        beyond = min([due - inside, *(self.left(budget_id) for budget_id in hold.budgets)])
        more_promo = min(beyond, self.free(hold.wallet.promo))
        more_wallet = min(beyond - more_promo, self.free(hold.wallet))
        promo, total = hold_promo + more_promo, inside + more_promo + more_wallet
        transfers = operation.split(Collected(promo, total - promo, operation.charge, hold.charged))
        transfers = check_split(hold.wallet, transfers, promo, total)
        self._move(transfers)
        hold.status = "expired" if operation.expires else "settled"
        hold.asked = operation.charge
        hold.charged += total
        return promo, transfers

    def _release(self, operation: Release) -> Applied:
        hold = self.holds.get(operation.hold_id)
        if hold is None or hold.status == "settled":
            raise HoldClosed("closed")
        if hold.status != "open":
            return self._closed(hold, is_replay=True)
        hold.status = "released"
        return self._closed(hold)

    def _setcap(self, operation: SetCap) -> Applied:
        known = self.budgets.get(operation.budget_id)
        if not 0 <= operation.cap <= 10**18 or (known and known[0] != place(operation.wallet)):
            raise BadOperation("no cap")
        self.budgets[operation.budget_id] = (place(operation.wallet), operation.cap)
        return Applied(amount=operation.cap, available=self.left(operation.budget_id))

    def _bumpepoch(self, operation: BumpEpoch) -> Applied:
        self.epochs[operation.subject] += 1
        return Applied(amount=self.epochs[operation.subject])


def place(account: Account) -> str:
    return f"{account.environment}:{account.unit}"


def gains(transfers: Sequence[Transfer]) -> dict[Account, int]:
    total: dict[Account, int] = defaultdict(int)
    for transfer in transfers:
        total[transfer.debit] -= transfer.amount
        total[transfer.credit] += transfer.amount
    return total


def check_sane(transfers: Sequence[Transfer]) -> None:
    for t in transfers:
        is_trial_money_leaving = t.debit.kind == "promo" and t.credit.kind in NOT_FOR_TRIAL_MONEY
        if t.debit == t.credit or not 1 <= t.amount <= 10**18 or is_trial_money_leaving:
            raise BadOperation("no transfer")
    if len({place(account) for t in transfers for account in (t.debit, t.credit)}) != 1:
        raise BadOperation("nothing, or two units")


def check_split(wallet: Account, transfers: Sequence[Transfer], promo: int, total: int) -> Sequence[Transfer]:
    if transfers:
        check_sane(transfers)
    moved = gains(transfers)
    others = {account: gain for account, gain in moved.items() if account not in wallet.purse}
    is_exact = (moved.get(wallet.promo, 0), moved.get(wallet, 0)) == (-promo, promo - total)
    if not is_exact or any(account.kind in OF_ONE_OWNER or place(account) != place(wallet) for account in others):
        raise BadOperation("not what was collected")
    if any(gain < 0 and account.kind in MUST_HAVE_IT for account, gain in others.items()):
        raise BadOperation("not the split's money")
    return transfers
