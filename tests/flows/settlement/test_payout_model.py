"""Anything that can happen to payouts, in any order and cut at any question, against a plain model of who has what.

The model knows only: what each paywall had, what it asked for, and that a payout is paid once or came back; of a
wallet, that card money is spent first, and that nothing but unspent USDC leaves it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app import db
from app.domain.errors import CoinslotError
from app.domain.ids import new_id
from app.domain.ledger.folding import read_balance
from app.domain.payouts import desk, requests
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import Payout, PayoutStatus
from app.ports.chain.values import ChainUnavailable
from tests.support.books import assert_books_balance
from tests.support.paying_out import (
    CHAIN,
    ONE,
    ask,
    earn,
    earned,
    find,
    in_transit,
    make_earner,
    make_saver,
    owe,
    pay_in,
    rail_of,
    spend,
    unspent,
    withdraw,
)
from tests.support.scripted_chain import TREASURY, Cut, ToyChain

DAY = PayoutRules(day_units_max=300 * ONE)


class Payouts(RuleBasedStateMachine):
    """Does what people, operators, clocks and nodes do."""

    chain: ClassVar[ToyChain]
    """All examples of a test share its database, and so the chain that it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.chain.mint(TREASURY, 100 * ONE)
        self.paywall = make_earner(40 * ONE)
        self.had = 40 * ONE
        self.owed = 0
        self.payouts: list[Payout] = []
        self.person, self.wallet = make_saver(30 * ONE, 5 * ONE, f"{new_id('p')}@example.org")
        self.usdc, self.card = 30 * ONE, 5 * ONE
        self.withdrawn: list[Payout] = []

    @rule(units=st.integers(4 * ONE, 20 * ONE), address=st.sampled_from(["0xA", "0xB", "0xC"]))
    def request(self, units: int, address: str) -> None:
        try:
            self.payouts.append(ask(self.paywall, units, f"{address}{new_id('x')}", rules=DAY))
        except CoinslotError:
            return

    @rule(units=st.integers(4 * ONE, 20 * ONE), address=st.sampled_from(["0xA", "0xB", "0xC"]))
    def withdraw(self, units: int, address: str) -> None:
        can = min(self.usdc, self.usdc + self.card)
        try:
            asked = withdraw(self.person, units, f"{address}{new_id('x')}", rules=DAY)
        except CoinslotError:
            assert units < DAY.least_units or units > can
            return
        assert DAY.least_units <= units <= can
        self.usdc -= units
        self.withdrawn.append(asked)
        self.payouts.append(asked)

    @rule(units=st.integers(1, 9 * ONE), by_card=st.booleans())
    def pay_in(self, units: int, by_card: bool) -> None:
        pay_in(self.wallet, units, by_card=by_card)
        self.card, self.usdc = self.card + units * by_card, self.usdc + units * (not by_card)

    @rule(units=st.integers(1, 9 * ONE))
    def spend(self, units: int) -> None:
        units = min(units, self.card + self.usdc)
        spend(self.wallet, units)
        by_card = min(units, self.card)
        self.card, self.usdc = self.card - by_card, self.usdc - (units - by_card)

    @rule(units=st.integers(1, 30 * ONE))
    def earn_more(self, units: int) -> None:
        earn(self.paywall, units)
        self.had += units

    @rule(units=st.integers(1, 5 * ONE))
    def owe_something(self, units: int) -> None:
        owe(self.paywall, units)
        self.owed += units

    @rule(data=st.data(), does=st.sampled_from(["approve", "withdraw", "block", "unblock"]))
    def touch(self, data: st.DataObject, does: str) -> None:
        if not self.payouts:
            return
        payout = data.draw(st.sampled_from(self.payouts))
        with db.transaction() as session:
            if does == "approve":
                requests.approve(session, payout.id, "acc_op")
            elif does == "withdraw":
                requests.withdraw(session, payout.id, "withdrawn")
        if does == "block":
            self.chain.blocked.add(payout.address)
        elif does == "unblock":
            self.chain.blocked.discard(payout.address)

    @rule(is_paused=st.booleans(), loses=st.booleans())
    def weather(self, is_paused: bool, loses: bool) -> None:
        self.chain.is_token_paused, self.chain.loses_sent = is_paused, loses

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.chain.skew_seconds += hours * 3_600

    @rule(blocks=st.integers(1, 4))
    def mine(self, blocks: int) -> None:
        self.chain.mine(blocks)

    @rule(at=st.integers(1, 40), after=st.booleans(), by=st.sampled_from([Cut, ChainUnavailable]))
    def go_on_and_be_cut(self, at: int, after: bool, by: type[BaseException]) -> None:
        self.chain.cut_next(at, after=after, by=by)
        with contextlib.suppress(by):
            self.go_on()
        self.chain.cut_at = None

    @rule()
    def go_on(self) -> None:
        asyncio.run(rail_of(self.chain).go_on())

    @invariant()
    def nobody_is_paid_twice_and_nothing_is_lost(self) -> None:
        transit = paid = 0
        for payout in self.payouts:
            stored, moved = find(payout.id), self.chain.paid(payout.address)
            assert moved in ([], [payout.units])
            is_open = stored.finished_at is None
            assert in_transit(payout) == (payout.units * 1_000 if is_open else 0)
            if payout in self.withdrawn:
                continue
            transit += payout.units if is_open else 0
            paid += payout.units if stored.status is PayoutStatus.PAID else 0
            if stored.status is PayoutStatus.PAID:
                assert moved == [payout.units]
            if stored.status is PayoutStatus.RETURNED:
                assert moved == []
        self._look_at_the_wallet()
        stand = earned(self.paywall)
        assert stand.available_nanos - stand.owed_nanos == (self.had - self.owed - transit - paid) * 1_000

    def _look_at_the_wallet(self) -> None:
        for payout in list(self.withdrawn):
            stored, moved = find(payout.id), self.chain.paid(payout.address)
            if stored.status is PayoutStatus.RETURNED:
                assert moved == []
                self.usdc += payout.units
                self.withdrawn.remove(payout)
                self.payouts.remove(payout)
            elif stored.status is PayoutStatus.PAID:
                assert moved == [payout.units]
        assert unspent(self.wallet) == self.usdc
        with db.transaction(writes=False) as session:
            assert read_balance(session, self.wallet) == (self.usdc + self.card) * 1_000

    def teardown(self) -> None:
        """When the weather is fine and somebody has let all through, everything ends."""
        self.chain.is_token_paused = self.chain.loses_sent = False
        self.chain.blocked.clear()
        self.chain.mint(TREASURY, 1_000 * ONE)
        with db.transaction() as session:
            for payout in self.payouts:
                requests.approve(session, payout.id, "acc_op")
        for _ in range(10):
            self.chain.mine(3)
            self.go_on()
        self.nobody_is_paid_twice_and_nothing_is_lost()
        assert all(find(payout.id).finished_at is not None for payout in self.payouts)
        with db.transaction(writes=False) as session:
            found: Any = desk.find_desk(session, CHAIN)
            assert found is None or found.paused_because is None
        assert_books_balance()


@pytest.mark.slow
def test_whatever_happens_each_payout_is_paid_once_or_comes_back(database: str, amount: Callable[[str], int]) -> None:
    """Only orders that nobody thought of, cut anywhere, show that no step relies on the one before."""
    Payouts.chain = ToyChain()
    run_state_machine_as_test(
        Payouts,
        settings=settings(
            max_examples=amount("payout-examples"),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
