"""Payouts on a real chain with Circle's own token: each recipient has what the ledger says, whoever is killed when."""

import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import cast

import httpx
import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.domain.payouts.tables import Payout, PayoutStatus
from app.flows.events.mails import Desk
from app.flows.settlement.payouts import BLOCKED, ChainPayouts
from app.flows.settlement.sending import Pace
from app.ports.chain.chain import Chain
from app.ports.chain.signer import ChainKeys
from tests.support.books import assert_books_balance
from tests.support.payer import chain_settings, paying
from tests.support.paying_out import ONE, Mails, ask, earned, find, in_transit, make_earner, statuses
from tests.support.settling import GAS_KEY, TREASURY_KEY, address_of, rules_of

COUNT = 20
SECONDS_MAX = 60
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
async def rail(dev_chain: DevChain) -> AsyncIterator[ChainPayouts]:
    async with httpx.AsyncClient(trust_env=False) as client:
        desk = Desk(Mails(), frozenset())
        chain = cast(Chain, EvmChain(rules_of(dev_chain), client))
        yield ChainPayouts(chain, ChainKeys(TREASURY_KEY, GAS_KEY), desk, Pace(again_seconds=0, replace_seconds=3_600))


def ask_for(count: int, name: str) -> Sequence[Payout]:
    """Asks for payouts of 5.000000, 5.000001 and so on, each to an address of its own that nobody had before."""
    return [ask(make_earner(5 * ONE + n), None, address_of(f"{name} {n}")) for n in range(count)]


def fund(dev: DevChain, units: int) -> None:
    dev.mint(TREASURY_KEY.address, units)
    dev.node.finalize()


async def go_on(rail: ChainPayouts, dev: DevChain, times: int) -> None:
    for _ in range(times):
        await rail.go_on()
        dev.node.mine(3)


def assert_paid(dev: DevChain, payouts: Sequence[Payout]) -> None:
    for payout in payouts:
        assert find(payout.id).status is PayoutStatus.PAID and in_transit(payout) == 0
        assert dev.balance(payout.address) == payout.units
    assert_books_balance()


@pytest.mark.unhurried
@on_sqlite
async def test_twenty_are_paid_in_two_transactions(database: str, dev_chain: DevChain, rail: ChainPayouts) -> None:
    had = dev_chain.balance(TREASURY_KEY.address)
    fund(dev_chain, max(52 * ONE - had, 0))
    payouts = ask_for(COUNT, database)
    total = sum(payout.units for payout in payouts)
    await go_on(rail, dev_chain, 3)
    assert PayoutStatus.REQUESTED in statuses() and PayoutStatus.PAID in statuses()
    fund(dev_chain, total)
    before = dev_chain.balance(TREASURY_KEY.address)
    left = sum(payout.units for payout in payouts if find(payout.id).status is PayoutStatus.REQUESTED)
    await go_on(rail, dev_chain, 3)
    assert_paid(dev_chain, payouts)
    assert before - dev_chain.balance(TREASURY_KEY.address) == left
    assert len({find(payout.id).paid_by for payout in payouts}) == 2


@on_sqlite
async def test_a_blocked_recipient_comes_back_and_its_old_signature_pays_nothing(
    database: str, dev_chain: DevChain, rail: ChainPayouts
) -> None:
    fund(dev_chain, 100 * ONE)
    payouts = ask_for(3, f"blocked {database}")
    dev_chain.call("blacklist(address)", payouts[1].address)
    dev_chain.node.finalize()
    await go_on(rail, dev_chain, 5)
    back = find(payouts[1].id)
    assert back.status is PayoutStatus.RETURNED and back.error_code == BLOCKED
    assert earned(back.paywall_id).available_nanos == back.units * 1_000
    dev_chain.call("unBlacklist(address)", payouts[1].address)
    await go_on(rail, dev_chain, 2)
    assert dev_chain.balance(payouts[1].address) == 0
    assert_paid(dev_chain, [payouts[0], payouts[2]])


@pytest.mark.plain_sql
@pytest.mark.slow
def test_killed_at_any_instant_each_is_paid_once(
    database: str, dev_chain: DevChain, amount: Callable[[str], int]
) -> None:
    """Only a process that is gone in the middle of a call to a node or a database shows that rows suffice."""
    fund(dev_chain, 200 * ONE)
    payouts, chain, seed = ask_for(COUNT, f"killed {database}"), chain_settings(dev_chain), random.Random(database)
    for _ in range(amount("kill-rounds")):
        with paying(database, chain):
            until = time.monotonic() + 2 * seed.random()
            while time.monotonic() < until:
                dev_chain.node.mine()
                time.sleep(0.2)
    with paying(database, chain):
        deadline = time.monotonic() + SECONDS_MAX
        while set(statuses()) != {PayoutStatus.PAID} and time.monotonic() < deadline:
            dev_chain.node.mine()
            time.sleep(0.2)
    assert_paid(dev_chain, payouts)
