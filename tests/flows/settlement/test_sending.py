"""Bytes are stored before they are sent, and what is stuck is replaced at its number, up to the highest fee."""

import asyncio
import json
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.transactions import transactions
from app.domain.transactions.tables import ChainAttempt, Purpose
from app.domain.transactions.transactions import NewTransaction
from app.flows.events.mails import Desk
from app.flows.settlement.sending import Pace, Sender
from app.ports.chain.values import Call
from tests.support.paying_out import Mails
from tests.support.scripted_chain import GAS, KEYS, RULES, Cut, ToyChain

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CALL = Call("0xTo", b"[]", 21_000)
NEW = NewTransaction(Purpose.PAYOUTS, "bat_1", CALL.to, CALL.data, CALL.gas)


def sender_of(chain: ToyChain, mails: Mails | None = None, pace: Pace | None = None) -> Sender:
    desk = Desk(mails or Mails(), frozenset({"operator@example.com"}))
    return Sender(chain, KEYS.gas, desk, pace or Pace(again_seconds=0, replace_seconds=0))


def send(sender: Sender) -> str:
    return asyncio.run(sender.send(CALL, NEW, lambda _session, _id: None))


def go_on(sender: Sender, chain: ToyChain) -> None:
    asyncio.run(_go_on(sender, chain))


async def _go_on(sender: Sender, chain: ToyChain) -> None:
    await sender.go_on(await chain.finalized())


def offers(chain: ToyChain) -> list[tuple[int, int]]:
    return [(said["number"], said["fee_wei"]) for said in map(json.loads, _pool(chain))]


def _pool(chain: ToyChain) -> list[bytes]:
    return [raw for waiting in chain.pool.values() for raw in waiting.values()]


def test_numbers_begin_where_the_chain_is(database: str) -> None:
    chain = ToyChain(foreign_senders=7)
    send(sender_of(chain))
    send(sender_of(chain))
    assert [number for number, _ in offers(chain)] == [7, 8]


def test_a_process_that_dies_before_it_sends_sends_the_same_bytes_later(database: str) -> None:
    chain = ToyChain()
    chain.cut_next(4)  # fees, finalized, count, then send
    with pytest.raises(Cut):
        send(sender_of(chain))
    assert chain.sent == []
    with db.transaction(writes=False) as session:
        (stored,) = transactions.list_open(session, transactions.account_id(31_337, GAS))
    go_on(sender_of(chain, pace=Pace(0, 3_600)), chain)
    assert chain.sent == [stored.form.hash]
    chain.mine(3)
    go_on(sender_of(chain), chain)
    with db.transaction(writes=False) as session:
        assert not transactions.is_open(session, stored.id)


def test_what_is_stuck_offers_more_at_its_number_and_stops_at_the_most_with_one_alarm(database: str) -> None:
    chain, mails = ToyChain(rules=replace(RULES, fee_wei_max=40_000_000_000)), Mails()
    sender = sender_of(chain, mails)
    send(sender)
    for _ in range(5):
        go_on(sender, chain)
    assert offers(chain) == [(0, 30_000_000_000), (0, 34_500_000_000), (0, 39_675_000_000)]
    assert [mail.subject for mail in mails.sent] == ["A transaction on Toy is stuck"]
    chain.mine()
    assert [one.fee_wei for one in chain.mined] == [39_675_000_000]


def test_only_the_lowest_is_replaced(database: str) -> None:
    chain = ToyChain()
    sender = sender_of(chain)
    send(sender)
    send(sender)
    go_on(sender, chain)
    assert sorted(offers(chain)) == [(0, 30_000_000_000), (0, 34_500_000_000), (1, 30_000_000_000)]


def test_nothing_is_sent_again_too_soon(database: str) -> None:
    chain = ToyChain()
    sender = sender_of(chain, pace=Pace())
    send(sender)
    go_on(sender, chain)
    assert len(chain.sent) == 1
    with db.transaction() as session:
        session.get_one(ChainAttempt, 1).sent_at = clock.now() - 31 * clock.SECOND
    go_on(sender, chain)
    assert len(chain.sent) == 2 and len(set(chain.sent)) == 1


def test_a_foreign_transaction_is_counted(database: str) -> None:
    chain = ToyChain()
    sender = sender_of(chain)
    send(sender)
    chain.mine(3)

    async def count() -> int:
        return await sender.count_foreign(await chain.finalized())

    assert asyncio.run(count()) == 0
    chain.foreign_senders = 2
    assert asyncio.run(count()) == 2
    with db.transaction() as session:
        sender.skip_to(session, 3)
    assert asyncio.run(count()) == 0
