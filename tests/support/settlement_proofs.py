"""What settlement withstands, at any size, on a real chain with Circle's own token: CI runs it small, and
`tests/bench/money.py` at length. Each raises AssertionError where it does not, and returns its figures."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, cast

import httpx
from sqlalchemy import select, update

from app import db
from app.adapters.chain import abi
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET, TREASURY
from app.domain.chain_deposits import addresses, cursor
from app.domain.chain_deposits.addresses import AddressOf
from app.domain.chain_deposits.tables import DepositAddress
from app.domain.money import Environment
from app.domain.payouts import desk
from app.domain.payouts.tables import Payout, PayoutStatus
from app.domain.reserves import reports
from app.domain.transactions.tables import ChainAttempt
from app.domain.wallets.shared import shared_account
from app.flows.events.mails import Desk
from app.flows.settlement.payouts import ChainPayouts
from app.flows.settlement.reserves import Reserves
from app.flows.settlement.sending import Pace
from app.ports.chain.chain import Chain
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import Authorization, Call, ChainUnavailable, Fate, SignedAuthorization
from app.sql.columns import table_of
from tests.support.bad_ways import BadSending, PoolRules, Sending, Weather, over
from tests.support.books import assert_books_balance
from tests.support.depositing import depositing
from tests.support.managing import person
from tests.support.paying_on_chain import ask_many, pass_by, rail_on, received
from tests.support.paying_out import ONE, Mails, earned, find
from tests.support.scripted_chain import Cut
from tests.support.settling import GAS_KEY, TREASURY_KEY, bring, rules_of, through

FEES = {"maxFeePerGas": hex(10**12), "maxPriorityFeePerGas": hex(10**11)}
"""More than we offer, so that it comes first in its block."""
DEPOSIT = 1_000_001
NEAR_GAS = 2_000
AT_ONCE = Pace(again_seconds=0, replace_seconds=3_600)
TRANSFER = "transfer(address,uint256)"


def rail_over(chain: EvmChain, pace: Pace = AT_ONCE, mails: Mails | None = None) -> ChainPayouts:
    """Returns the way out by a chain as it looks."""
    operators = Desk(mails or Mails(), frozenset({"operator@example.com"}))
    return ChainPayouts(cast(Chain, chain), ChainKeys(TREASURY_KEY, GAS_KEY), operators, pace)


async def deposits_past_bad_nodes(dev: DevChain, count: int) -> Mapping[str, Any]:
    """Test 2: of three nodes one lags and answers `[]`, one shows orphaned blocks, in turn and both at once."""
    weather, ada, waited = Weather(dev), person("ada@example.org"), 0
    async with (
        depositing(dev) as at,
        through(dev, good=None, behind=weather.behind, orphaned=weather.orphaned) as chain,
    ):
        chain.rules = replace(chain.rules, factory=at.chain.rules.factory)
        address, flow = await at.address_of(ada), replace(at.flow, chain=chain)
        for number in range(count):
            dev.mint(address, DEPOSIT)
            dev.node.mine()
            weather.is_behind, weather.is_orphaned = number % 3 != 1, number % 3 != 2
            try:
                await flow.read()
            except ChainUnavailable:
                waited += 1
            _check_cursor(dev)
            assert at.units_of(ada) in range(0, (number + 1) * DEPOSIT + 1, DEPOSIT)
        weather.is_behind = weather.is_orphaned = False
        dev.node.finalize()
        await flow.read()
        assert at.units_of(ada) == count * DEPOSIT
        at.check_books(count * DEPOSIT)
    assert waited >= count // 3 and weather.orphans
    return {"deposits": count, "units": count * DEPOSIT, "looks_that_waited": waited}


def _check_cursor(dev: DevChain) -> None:
    with db.transaction(writes=False) as session:
        known = cursor.find(session, dev_id(dev))
    assert known is not None
    assert dev.node.ask("eth_getBlockByNumber", hex(known.block), False)["hash"] == known.block_hash


def dev_id(dev: DevChain) -> int:
    """Returns the id of a dev chain."""
    return rules_of(dev).id


async def sent_in_vain(dev: DevChain, how: Sending) -> Mapping[str, Any]:
    """Test 5: what becomes of sent transactions decides nothing; the payout is paid once."""
    dev.mint(TREASURY_KEY.address, 20 * ONE)
    dev.node.finalize()
    (payout,) = ask_many(1, 7_250_000)
    way, ticks = BadSending(dev, how, times=3), 0
    async with over(dev, way) as chain:
        rail = rail_over(chain)
        while find(payout.id).status is not PayoutStatus.PAID:
            ticks += 1
            assert ticks <= 12  # one in five seconds
            await rail.go_on()
            dev.node.mine()
        for _ in range(3):
            await rail.go_on()
            dev.node.mine()
    assert received(dev, [payout]) == [payout.units] and not way.left
    assert_books_balance()
    return {"how": how.value, "ticks": ticks}


async def one_blocked_on_its_way(dev: DevChain, count: int) -> Mapping[str, Any]:
    """Test 6: one recipient of a batch is blocked between sending and mining; it alone comes back, when it is final."""
    dev.mint(TREASURY_KEY.address, count * 6 * ONE)
    dev.node.finalize()
    payouts = ask_many(count)
    out = payouts[count // 3]
    async with rail_on(dev) as rail:
        await rail.go_on()
        kept = find(out.id)
        asked = Authorization(TREASURY_KEY.address, out.address, out.units, kept.valid_before or 0, out.nonce)
        old = SignedAuthorization(asked, kept.signature or b"")
        _first(dev, "blacklist(address)", out.address)
        dev.node.mine(3)
        await rail.go_on()
        rest = [one for one in payouts if one.id != out.id]
        assert {find(one.id).status for one in rest} == {PayoutStatus.PAID}
        assert len({find(one.id).paid_by for one in rest}) == 1 and received(dev, [out]) == [0]
        while find(out.id).status is not PayoutStatus.RETURNED:
            assert earned(out.paywall_id).available_nanos == 0
            await rail.go_on()
            dev.node.mine()
        assert (await rail.chain.outcomes(TREASURY_KEY.address, [out.nonce], 0, await rail.chain.finalized()))[
            out.nonce
        ].fate is Fate.CANCELED
        assert earned(out.paywall_id).available_nanos == out.units * 1_000
        dev.call("unBlacklist(address)", out.address)
        await bring(cast(EvmChain, rail.chain), dev, rail.chain.relay([old]))
    assert received(dev, payouts) == [0 if one.id == out.id else one.units for one in payouts]
    assert_books_balance()
    return {"batched": count, "paid": count - 1, "returned": 1}


def _first(dev: DevChain, signature: str, *values: object) -> None:
    """Sends what the token's issuer does before all that waits, without mining it."""
    data = abi.call_data(signature, *values)
    dev.node.ask("eth_sendTransaction", {"from": dev.node.accounts[0], "to": dev.token, "data": data, **FEES})


class Starving(EvmChain):
    """A chain whose next batches get another gas limit than the formula's."""

    gas: int | None = None

    def relay(self, transfers: Sequence[SignedAuthorization]) -> Call:
        call = super().relay(transfers)
        return call if self.gas is None else replace(call, gas=self.gas)


async def starving_batch(dev: DevChain, count: int) -> Mapping[str, Any]:
    """Test 7: a batch has too little gas; what has logs is paid, whatever its transaction says, and the rest once."""
    dev.mint(TREASURY_KEY.address, count * 6 * ONE)
    dev.node.finalize()
    payouts = ask_many(count)
    async with httpx.AsyncClient(trust_env=False) as client:
        chain = Starving(rules_of(dev), client)
        gas = await _starving_gas(chain, dev, payouts)
        rail, chain.gas = rail_over(chain), gas
        await rail.go_on()
        dev.node.mine(3)
        chain.gas = None
        moved = received(dev, payouts)
        await rail.go_on()
        assert [find(one.id).status is PayoutStatus.PAID for one in payouts] == [units > 0 for units in moved]
        for _ in range(2):
            dev.node.mine(3)
            await rail.go_on()
        with db.transaction(writes=False) as session:
            first = session.scalars(select(ChainAttempt).order_by(table_of(ChainAttempt).c.id).limit(1)).one()
        receipt = await chain.receipt(first.hash)
    assert receipt is not None
    assert {find(one.id).status for one in payouts} == {PayoutStatus.PAID} and 0 in moved
    assert received(dev, payouts) == [one.units for one in payouts]
    assert_books_balance()
    return {"batched": count, "starved": moved.count(0), "gas": gas, "succeeded": receipt.succeeded}


def _signed(chain: EvmChain, payouts: Sequence[Payout]) -> list[SignedAuthorization]:
    return [
        chain.authorize(Authorization(TREASURY_KEY.address, one.address, one.units, 2**40, one.nonce), TREASURY_KEY)
        for one in payouts
    ]


async def _starving_gas(chain: Starving, dev: DevChain, payouts: Sequence[Payout]) -> int:
    """Returns nearly the most gas at which not all of a batch is paid."""
    batch = _signed(chain, payouts)
    low, high = 0, chain.relay(batch).gas
    while high - low > NEAR_GAS:
        chain.gas = (low + high) // 2
        snapshot = dev.node.ask("evm_snapshot")
        await bring(chain, dev, chain.relay(batch))
        is_all = dev.balance(payouts[-1].address) == payouts[-1].units
        dev.node.ask("anvil_dropAllTransactions")
        assert dev.node.ask("evm_revert", snapshot)
        low, high = (low, chain.gas) if is_all else (chain.gas, high)
    return low


async def pool_of_polygon(dev: DevChain) -> Mapping[str, Any]:
    """Test 8: nodes suggest 1.5 gwei and refuse tips under 25, and replacements that do not offer 10 % more of both."""
    dev.mint(TREASURY_KEY.address, 20 * ONE)
    dev.node.finalize()
    (payout,), way, mails = ask_many(1), PoolRules(dev), Mails()
    async with over(dev, way) as chain:
        rail = rail_over(chain, Pace(again_seconds=0, replace_seconds=0), mails)
        for _ in range(30):
            await rail.go_on()
            dev.node.mine()
        tips = [one.tip_wei for one in way.taken]
        assert tips[0] == 30 * 10**9 and tips[1] == 34_500_000_000, tips[:2]
        assert len({one.number for one in way.taken}) == 1 and set(way.refused) == {"already known"}
        assert max(one.fee_wei for one in way.taken) <= chain.rules.fee_wei_max
        assert [mail.subject for mail in mails.sent] == ["A transaction on Dev chain is stuck"]
        way.is_full, way.taken = False, []
        for _ in range(6):
            await rail.go_on()
            dev.node.mine()
    assert received(dev, [payout]) == [payout.units]
    return {"offers": len(tips), "first_gwei": tips[0] / 10**9, "last_gwei": tips[-1] / 10**9}


async def paused_in_the_middle(dev: DevChain, each: int) -> Mapping[str, Any]:
    """Test 10: after two of five batches the token is paused for two days; none comes back, and each is paid once."""
    dev.mint(TREASURY_KEY.address, 5 * each * 6 * ONE)
    dev.node.finalize()
    payouts: list[Payout] = []
    async with rail_on(dev) as rail:
        for number in range(5):
            payouts += ask_many(each, 5 * ONE + number * each)
            await rail.go_on()
            if number == 1:
                dev.node.mine(3)
        _first(dev, "pause()")
        dev.node.mine(3)
        waiting = payouts[2 * each :]
        old = {one.id: find(one.id) for one in waiting}
        for days in (0, 1, 1):
            dev.node.ask("evm_increaseTime", hex(days * 24 * 3_600 + 60))
            dev.node.mine(3)
            await rail.go_on()
        assert {find(one.id).status for one in payouts[: 2 * each]} == {PayoutStatus.PAID}
        assert {find(one.id).status for one in waiting} == {PayoutStatus.SENT}
        dev.call("unpause()")
        await pass_by(dev, rail, ticks=4)
        for one in waiting:
            assert (find(one.id).nonce, find(one.id).valid_before) != (old[one.id].nonce, old[one.id].valid_before)
        await _replay(dev)
        await pass_by(dev, rail, ticks=1)
    assert {find(one.id).status for one in payouts} == {PayoutStatus.PAID}
    for address in {one.address for one in payouts}:  # each batch is for the same recipients
        assert dev.balance(address) == sum(one.units for one in payouts if one.address == address)
    assert_books_balance()
    return {"payouts": len(payouts), "waited": len(waiting), "days": 2}


async def _replay(dev: DevChain) -> None:
    """Sends every transaction that was ever signed once more."""
    with db.transaction(writes=False) as session:
        raws = list(session.scalars(select(ChainAttempt)))
    async with httpx.AsyncClient(trust_env=False) as client:
        for number, one in enumerate(raws):
            asked = {"jsonrpc": "2.0", "id": number, "method": "eth_sendRawTransaction"}
            await client.post(dev.node.url, json={**asked, "params": ["0x" + one.raw.hex()]})
    dev.node.mine()


async def looks_at_many(dev: DevChain, count: int, looks: int = 20) -> Mapping[str, Any]:
    """What each look at deposits costs with so many addresses, of which one is paid now and then."""
    ada = person("ada@example.org")
    async with depositing(dev) as at:
        paid = await at.address_of(ada)
        with db.transaction() as session:
            for number in range(count - 1):
                wallet = shared_account(f"acc_{number}", Environment.SANDBOX)
                salt = addresses.salt_of("ins", wallet.owner)
                place = AddressOf(wallet, at.chain.deposit_address(salt), dev.factory, salt, at.chain.deposit_proxy())
                addresses.keep(session, dev_id(dev), place)
            session.execute(update(DepositAddress).values(looked_back_at=1))
        asked, began = at.chain.health()[0].asked, time.process_time()
        for _ in range(looks):
            dev.mint(paid, DEPOSIT)
            await at.flow.read()
        seconds, questions = time.process_time() - began, at.chain.health()[0].asked - asked
        dev.node.finalize()
        await at.flow.read()
        assert at.units_of(ada) == looks * DEPOSIT
    assert questions < looks * 14
    return {"addresses": count, "questions_a_look": questions / looks, "cpu_ms_a_look": round(1_000 * seconds / looks)}


async def reserves_of_many(dev: DevChain, people: int) -> Mapping[str, Any]:
    """Test 14: unswept addresses and the treasury are what the ledger says; what leaves by the key alone is short."""
    dev.mint(dev.node.accounts[TEST_WALLET], people * 2 * ONE)
    async with depositing(dev) as at, rail_on(dev) as rail:
        for number in range(people):
            address = await at.address_of(person(f"p{number}@example.org"))
            dev.call(TRANSFER, address, 1_000_000 + number, sender=dev.node.accounts[TEST_WALLET])
        dev.mint(TREASURY_KEY.address, 5 * ONE)
        owed = sum(1_000_000 + number for number in range(people))
        chain = await _compared(at.flow.read, dev, rail, 1)
        assert chain["held"] == f"{(owed + 5 * ONE) / ONE:.6f}".rstrip("0").rstrip(".")
        assert (chain["difference"], len(chain["deposits"])) == ("0", people)
        dev.mint(TREASURY_KEY.address, ONE)
        chain = await _compared(at.flow.read, dev, rail, 1)
        assert chain["difference"] == "0" and chain["treasury"]["held"] == "6", chain["treasury"]
        dev.call(TRANSFER, dev.node.accounts[9], ONE, sender=dev.node.accounts[TREASURY])
        chain = await _compared(at.flow.read, dev, rail, 0)
        assert chain["difference"] == "-1"
        with db.transaction(writes=False) as session:
            found = desk.find_desk(session, dev_id(dev))
            assert found is not None and found.paused_because is not None
    return {"addresses": people, "held": chain["held"], "difference": chain["difference"]}


async def _compared(read: Any, dev: DevChain, rail: ChainPayouts, is_whole: int) -> dict[str, Any]:
    dev.node.finalize()
    await read()
    await rail.go_on()
    assert await Reserves([rail], rail.desk).compare_all() == is_whole
    with db.transaction(writes=False) as session:
        (report,) = reports.read_all(session)
        chain: dict[str, Any] = report.document["chains"][0]
    return chain


@dataclass
class CutChain:
    """A chain that is cut at a question, before it is asked or behind it."""

    chain: EvmChain
    at: int = 0
    is_after: bool = False
    asked: int = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.chain, name)
        if not asyncio.iscoroutinefunction(found):
            return found

        async def ask(*values: Any, **named: Any) -> Any:
            self.asked += 1
            is_cut = self.asked == self.at
            if is_cut and not self.is_after:
                raise Cut(name)
            said = await found(*values, **named)
            if is_cut:
                raise Cut(name)
            return said

        return ask


@asynccontextmanager
async def _cut_rail(dev: DevChain) -> AsyncIterator[tuple[ChainPayouts, CutChain]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        cut = CutChain(EvmChain(rules_of(dev), client))
        yield rail_over(cast(EvmChain, cut)), cut
        # What was asked beside the question that is cut still runs: a connection that it opens after the client has
        # closed is closed by nobody.
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)


async def cut_anywhere(dev: DevChain, count: int, cuts: int, seed: int = 1) -> Mapping[str, Any]:
    """Test 3: payouts in batches of a hundred, cut so often at whatever question; each recipient has its amount."""
    dev.mint(TREASURY_KEY.address, count * 6 * ONE)
    dev.node.finalize()
    payouts, chance, done, ticks = ask_many(count), Random(seed), 0, 0
    while {find(one.id).status for one in payouts} != {PayoutStatus.PAID}:
        async with _cut_rail(dev) as (rail, cut):
            if done < cuts:
                cut.at = chance.randint(1, chance.choice((12, 30, 100, 3 * count)))  # a look that sends asks more
                cut.is_after = chance.random() < 0.5
            try:
                await rail.go_on()
            except Cut:
                done += 1
            ticks += 1
            assert ticks < 3 * cuts + 40
            if chance.random() < 0.3 or done >= cuts:
                dev.node.mine(chance.randint(1, 3))
    assert received(dev, payouts) == [one.units for one in payouts]
    assert_books_balance()
    return {"payouts": count, "units": sum(one.units for one in payouts), "cuts": done, "ticks": ticks,
            "transactions": len({find(one.id).paid_by for one in payouts})}  # fmt: skip
