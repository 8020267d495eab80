"""Ways out on a real chain: two at once, somebody else with the gas account's key, and a restored backup."""

import pytest
from sqlalchemy import select

from app import db
from app.adapters.chain.dev.chain import DevChain
from app.domain.payouts import desk
from app.domain.payouts.tables import PayoutStatus
from app.domain.transactions.tables import ChainTransaction
from tests.support import books
from tests.support.paying_on_chain import ask_many, pass_by, rail_on, received
from tests.support.paying_out import Mails, find
from tests.support.restored import keep, restore
from tests.support.settling import GAS_KEY, TREASURY_KEY

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.unhurried
@on_sqlite
async def test_a_backup_from_before_pays_nothing_twice(database: str, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 200_000_000)
    async with rail_on(dev_chain) as rail:
        await pass_by(dev_chain, rail, ticks=1)
    payouts = ask_many(20)
    kept = keep(database)
    async with rail_on(dev_chain) as rail:
        await pass_by(dev_chain, rail, ticks=5)
    amounts, first = [payout.units for payout in payouts], {one.id: find(one.id).paid_by for one in payouts}
    assert received(dev_chain, payouts) == amounts
    left = dev_chain.balance(TREASURY_KEY.address)
    restore(database, kept)
    mails = Mails()
    async with rail_on(dev_chain, mails) as rail:
        await pass_by(dev_chain, rail, ticks=5)
        with db.transaction(writes=False) as session:
            found = desk.find_desk(session, 31_337)
        assert found is not None
        assert found.paused_because is not None, "what left the gas account is more than its rows say"
        assert mails.sent
        await rail.treasury.resume(lambda _session: None)
        await pass_by(dev_chain, rail, ticks=2)
    assert {find(one.id).status for one in payouts} == {PayoutStatus.PAID}
    assert {one.id: find(one.id).paid_by for one in payouts} == first
    assert dev_chain.balance(TREASURY_KEY.address) == left and received(dev_chain, payouts) == amounts
    books.assert_books_balance()


@pytest.mark.unhurried
@on_sqlite
async def test_two_at_once_use_each_number_once_and_a_foreign_transaction_pauses_them(
    database: str, dev_chain: DevChain
) -> None:
    dev_chain.mint(TREASURY_KEY.address, 400_000_000)
    payouts = ask_many(30)
    async with rail_on(dev_chain) as one, rail_on(dev_chain) as other:
        await pass_by(dev_chain, one, other, ticks=6)
        assert received(dev_chain, payouts) == [payout.units for payout in payouts]
        assert [find(payout.id).status for payout in payouts] == [PayoutStatus.PAID] * 30
        with db.transaction(writes=False) as session:
            rows = session.scalars(select(ChainTransaction))
            numbers = sorted(row.number for row in rows)
        count = await one.chain.transaction_count(GAS_KEY.address, await one.chain.finalized())
        assert numbers == list(range(count - len(numbers), count)), "no gap, none twice"
        fees = await one.chain.fees()
        await one.chain.send(one.chain.sign(one.chain.nothing(GAS_KEY.address), count, fees, GAS_KEY))
        await pass_by(dev_chain, one, other, ticks=2)
    with db.transaction(writes=False) as session:
        found = desk.find_desk(session, 31_337)
    assert found is not None
    assert "not ours, or are forgotten: 1." in (found.paused_because or "")
