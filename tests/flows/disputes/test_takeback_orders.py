"""Refunds and disputes in orders that nobody thought of: told late, twice, or at once, they end in the same books.

What an account's history comes to is told to one process in order, each once; to another anyhow. The books of both, and
what the accounts have, must be the same, in default mode and of a shared wallet.
"""

import asyncio
import random
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from app.domain import clock
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Account, Kind
from app.domain.paywalls.modes import Mode
from app.domain.refunds.tables import RefundStatus
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import begin, waiting_for, world_cents
from tests.support.taking_back import (
    TakingBank,
    begin_shared,
    cents_of,
    charge,
    house_of,
    of_paywall,
    open_taking_bank,
    someone,
    spends,
)

TOPPED, SPENT = 3_000, 2_000
ENDS = ((DisputeState.WON, Funds.BACK), (DisputeState.LOST, Funds.OUT), (DisputeState.OPEN, Funds.OUT))
Act = Callable[[TakingBank], tuple[ObjectKind, str]]


def history(chance: random.Random) -> list[Act]:
    """Returns what happens to a payment at its account, in order; never more goes back than was paid."""
    acts: list[Act] = []
    left = TOPPED
    for number in range(chance.randint(2, 5)):
        cents = min(left, chance.choice((200, 500, 900)))
        if not cents:
            break
        left -= cents
        if chance.random() < 0.6:
            acts.append(_refund(f"re_{number}", cents, RefundStatus.SUCCEEDED))
            if chance.random() < 0.4:
                acts.append(_refund(f"re_{number}", cents, RefundStatus.FAILED))
                left += cents
        else:
            for state, funds in ((DisputeState.INQUIRY, Funds.KEPT), (DisputeState.OPEN, Funds.OUT)):
                acts.append(_dispute(f"dp_{number}", cents, state, funds))
            state, funds = chance.choice(ENDS)
            acts.append(_dispute(f"dp_{number}", cents, state, funds))
            left += cents if funds is Funds.BACK else 0
    return acts


def _refund(id_: str, cents: int, status: RefundStatus) -> Act:
    return lambda bank: (ObjectKind.REFUND, bank.give_back(id_, "pi_1", cents, status))


def _dispute(id_: str, cents: int, state: DisputeState, funds: Funds) -> Act:
    return lambda bank: (ObjectKind.DISPUTE, bank.dispute(id_, "pi_1", cents, state, funds))


class Books:
    """A payment of 30 dollars, of which 20 were spent, and what is told of it."""

    def __init__(self, mode: Mode, email: str) -> None:
        self.app = make_snapshot(mode=mode)
        self.is_shared = mode is Mode.SHARED
        self.bank = open_taking_bank(None if self.is_shared else self.app.paywall_id)
        self.house, self.count = house_of(self.bank), 0
        if self.is_shared:
            person, self.wallet = someone(email)
            self.purse = spends(self.app, person)
            marks = begin_shared(self.wallet, self.bank.connection_id, TOPPED)
        else:
            self.purse = self.app.wallet("ada")
            self.wallet = self.purse.account
            marks = begin(self.app, self.bank.connection_id, cents=TOPPED)
        self.bank.pay("pi_1", marks)

    async def begin(self) -> None:
        await self.tell(ObjectKind.PAYMENT, "pi_1")
        charge(self.app, self.purse, SPENT, cost_cents=700, is_split=self.is_shared)

    async def tell(self, kind: ObjectKind, object_id: str) -> None:
        self.count += 1
        await self.house.door.receive(self.bank.connection_id, f"evt_{self.count}", object_id, kind)

    def state(self) -> dict[str, int]:
        unit = self.wallet.unit
        own: list[Account] = [of_paywall(self.app, kind, unit) for kind in (Kind.REVENUE, Kind.EARNINGS_PENDING,
                                                                            Kind.EARNINGS, Kind.SHORTFALL)]  # fmt: skip
        return {"wallet": cents_of(self.wallet), "world": world_cents(self.bank.connection_id)} | {
            account.kind.value: cents_of(account) for account in own
        }


async def in_order(books: Books, acts: list[Act]) -> None:
    await books.begin()
    for act in acts:
        await books.tell(*act(books.bank))


async def anyhow(books: Books, acts: list[Act], chance: random.Random) -> None:
    await books.begin()
    told: list[tuple[ObjectKind, str]] = []
    late: list[tuple[ObjectKind, str]] = []
    for act in acts:
        event = act(books.bank)
        told.append(event)
        (late if chance.random() < 0.5 else told).append(event)
        if event not in late:
            await books.tell(*event)
        if chance.random() < 0.3:
            await books.tell(*chance.choice(told))
    rest = [*late, *chance.sample(told, len(told))]
    books.bank.delay = 0.001
    await asyncio.gather(*(books.tell(*event) for event in rest))


@pytest.mark.plain_sql
@pytest.mark.parametrize("mode", [Mode.DEFAULT, pytest.param(Mode.SHARED, marks=pytest.mark.slow)])
async def test_any_order_ends_in_the_same_books(
    database: str, mode: Mode, is_long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = 0
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + lead)
    moved = 0
    for seed in range(40 if is_long else 3):
        print(f"seed {seed}")  # shown when it fails
        chance = random.Random(seed)
        acts = history(chance)
        one, other = (Books(mode, f"{name}{seed}@example.org") for name in ("ada", "bob"))
        with capture_logs():
            await in_order(one, acts)
            await anyhow(other, acts, chance)
            for _ in range(3):
                lead += 4_000 * clock.SECOND
                await other.house.door.finish_inbox()
        assert one.state() == other.state()
        assert one.state()["world"] == one.bank.cents == other.bank.cents
        assert not waiting_for([other.bank.connection_id])
        moved += one.state()["world"] != TOPPED
    assert moved > 1, "The histories are too tame to show anything."
    assert_books_balance()
