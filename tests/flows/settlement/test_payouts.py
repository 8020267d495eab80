"""Each payout moves its money once, whatever fails on the way, and the books say what the chain says."""

import asyncio

import pytest
from sqlalchemy import select

from app import db
from app.domain.operators.operators import Operator
from app.domain.payouts import requests
from app.domain.payouts.rules import PayoutRules
from app.domain.payouts.tables import PayoutStatus
from app.domain.transactions.tables import ChainTransaction
from app.domain.transactions.transactions import NumberTaken
from app.flows.settlement.payouts import BLOCKED
from app.flows.settlement.requesting import approve_batch
from app.ports.chain.values import ChainMismatch, ChainUnavailable
from tests.support.books import assert_books_balance
from tests.support.paying_out import (
    ONE,
    Mails,
    ask,
    ask_many,
    assert_paid_once,
    earned,
    find,
    in_transit,
    make_earner,
    owe,
    rail_of,
    run,
    statuses,
    tick,
)
from tests.support.scripted_chain import TREASURY, Cut, ToyChain

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def funded(units: int = 10_000 * ONE) -> ToyChain:
    chain = ToyChain()
    chain.mint(TREASURY, units)
    chain.mine(3)
    return chain


def withdraw(payout_id: str) -> None:
    with db.transaction() as session:
        requests.withdraw(session, payout_id, "withdrawn")


@pytest.mark.unhurried
def test_a_payout_goes_its_whole_way(database: str) -> None:
    chain, paywall = funded(), make_earner(7 * ONE)
    rail = rail_of(chain)
    payout = ask(paywall, None, "0xAda")
    assert in_transit(payout) == 7 * ONE * 1_000 and earned(paywall).available_nanos == 0
    tick(rail)
    assert find(payout.id).status is PayoutStatus.SENT and chain.paid("0xAda") == []
    chain.mine()
    tick(rail)
    assert find(payout.id).status is PayoutStatus.SENT  # mined, and not final
    chain.mine(2)
    assert tick(rail) == 1
    assert_paid_once(chain, [payout])
    assert find(payout.id).paid_by == chain.mined[0].hash


@pytest.mark.unhurried
@on_sqlite
def test_many_go_in_batches_of_a_hundred(database: str) -> None:
    chain = funded()
    payouts = ask_many(130)
    run(rail_of(chain), chain, 3)
    assert_paid_once(chain, payouts)
    assert len(chain.mined) == 2


@pytest.mark.unhurried
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("by", [Cut, ChainUnavailable])
def test_a_cut_at_any_question_pays_nobody_twice(database: str, by: type[BaseException], after: bool) -> None:
    chain = funded()
    payouts = list(ask_many(4))
    lost = ask(make_earner(6 * ONE), None, "0xLost")
    chain.blocked.add("0xLost")
    cuts = 0
    for at in range(1, 40):
        chain.cut_next(at, after=after, by=by)
        try:
            asyncio.run(rail_of(chain).go_on())
        except by:
            cuts += 1
        chain.cut_at = None
        chain.mine(at % 3)
        if at % 7 == 0:
            payouts.append(ask(make_earner(5 * ONE + at), None, f"0xLate{at}"))
    run(rail_of(chain), chain, 8)
    assert cuts > 20
    assert_paid_once(chain, payouts)
    assert find(lost.id).status is PayoutStatus.RETURNED and chain.paid("0xLost") == []


@pytest.mark.unhurried
@on_sqlite
def test_what_nodes_lose_is_sent_again(database: str) -> None:
    chain = funded()
    chain.loses_sent = True
    payouts, rail = ask_many(2), rail_of(chain)
    run(rail, chain, 3)
    assert statuses() == [PayoutStatus.SENT] * 2
    chain.loses_sent = False
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)
    assert len(set(chain.sent)) == 1  # the same bytes each time


@pytest.mark.unhurried
def test_a_blocked_recipient_fails_alone_and_comes_back_when_that_is_final(database: str) -> None:
    chain = funded()
    payouts = ask_many(3)
    rail = rail_of(chain)
    tick(rail)
    chain.blocked.add(payouts[1].address)  # between sending and mining
    chain.mine(3)
    tick(rail)
    assert find(payouts[1].id).status in (PayoutStatus.SENT, PayoutStatus.CANCELING)
    tick(rail)
    assert find(payouts[1].id).status is PayoutStatus.CANCELING
    assert earned(payouts[1].paywall_id).available_nanos == 0
    tick(rail)
    chain.mine()
    tick(rail)
    assert find(payouts[1].id).status is PayoutStatus.CANCELING  # mined, and not final
    chain.mine(2)
    tick(rail)
    back = find(payouts[1].id)
    assert back.status is PayoutStatus.RETURNED and back.error_code == BLOCKED
    assert earned(back.paywall_id).available_nanos == back.units * 1_000
    assert_paid_once(chain, [payouts[0], payouts[2]])


@pytest.mark.unhurried
@on_sqlite
def test_what_is_taken_back_too_late_is_paid(database: str) -> None:
    chain = funded()
    rail = rail_of(chain)
    (payout,) = ask_many(1)
    tick(rail)
    withdraw(payout.id)
    run(rail, chain, 4)
    assert_paid_once(chain, [payout])


@pytest.mark.unhurried
@on_sqlite
def test_a_paused_token_returns_nothing_and_signs_anew_when_it_goes_on(database: str) -> None:
    chain = funded()
    payouts, rail = ask_many(3), rail_of(chain)
    tick(rail)
    first = find(payouts[0].id)
    chain.is_token_paused = True
    run(rail, chain, 4)
    assert set(statuses()) == {PayoutStatus.SENT}
    chain.skew_seconds += 2 * 24 * 60 * 60
    run(rail, chain, 2)
    assert set(statuses()) == {PayoutStatus.SENT}
    chain.is_token_paused = False
    run(rail, chain, 4)
    assert_paid_once(chain, payouts)
    assert find(first.id).nonce == first.nonce and find(first.id).valid_before != first.valid_before


@pytest.mark.unhurried
@on_sqlite
def test_what_the_treasury_lacks_waits_and_the_operator_is_told_once(database: str) -> None:
    chain, mails = funded(12 * ONE), Mails()
    payouts, rail = ask_many(3), rail_of(chain, mails)
    run(rail, chain, 3)
    assert statuses() == [PayoutStatus.PAID, PayoutStatus.PAID, PayoutStatus.REQUESTED]
    assert [mail.subject for mail in mails.sent] == ["Payouts on Toy wait for money"]
    assert "3.000003 USDC" in mails.sent[0].text
    chain.mint(TREASURY, 4 * ONE)
    chain.mine(3)
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)


@pytest.mark.unhurried
@on_sqlite
def test_a_batch_above_its_limit_goes_when_an_operator_says_so(database: str) -> None:
    """As after days in which the treasury was empty: each day's payouts were within the limits, all of them are not."""
    chain, mails = funded(), Mails()
    payouts, rail = ask_many(4), rail_of(chain, mails)
    rail.rules = lambda: PayoutRules(batch_units_max=12 * ONE)
    run(rail, chain, 3)
    assert statuses() == [PayoutStatus.BATCHED] * 4 and chain.sent == []
    assert [mail.subject for mail in mails.sent] == ["A batch of payouts on Toy waits for you"]
    assert "20.000006 USDC" in mails.sent[0].text and "12.00 USDC" in mails.sent[0].text
    withdraw(payouts[3].id)
    batch = str(find(payouts[0].id).batch_id)
    done = [asyncio.run(approve_batch(Operator("acc_op"), batch)) for _ in range(2)]
    run(rail, chain, 4)
    assert done == [True, False]
    assert_paid_once(chain, payouts[:3])
    assert find(payouts[3].id).status is PayoutStatus.RETURNED and len(mails.sent) == 1


@on_sqlite
def test_an_old_head_lets_nothing_new_out(database: str) -> None:
    chain = funded()
    payouts, rail = ask_many(1), rail_of(chain)
    chain.skew_seconds = -120
    run(rail, chain, 2)
    assert statuses() == [PayoutStatus.REQUESTED] and chain.sent == []
    chain.skew_seconds = 0
    run(rail, chain, 3)
    assert_paid_once(chain, payouts)


@pytest.mark.unhurried
@on_sqlite
def test_a_payout_that_comes_back_repays_what_its_paywall_owes_by_then(database: str) -> None:
    chain = funded()
    payout = ask(make_earner(6 * ONE), None, "0xAda")
    owe(payout.paywall_id, 2 * ONE)
    withdraw(payout.id)
    run(rail_of(chain), chain, 4)
    stand = earned(payout.paywall_id)
    assert (stand.available_nanos, stand.owed_nanos) == (4 * ONE * 1_000, 0)
    assert find(payout.id).status is PayoutStatus.RETURNED and chain.paid("0xAda") == []
    assert_books_balance()


@pytest.mark.unhurried
@on_sqlite
def test_logs_are_not_read_from_before_what_is_known_to_be_open(database: str) -> None:
    chain = ToyChain(height=5_000)
    chain.mint(TREASURY, 100 * ONE)
    payout = ask(make_earner(6 * ONE), None, "0xAda", rules=PayoutRules(payout_units_max=ONE))
    tick(rail_of(chain))
    assert find(payout.id).since_block == 4_998
    with db.transaction() as session:
        requests.approve(session, payout.id, "acc_op")
    run(rail_of(chain), chain, 3)
    assert_paid_once(chain, [payout])


@pytest.mark.unhurried
def test_two_processes_at_once_pay_each_once_and_give_no_number_two_payloads(database: str) -> None:
    """The lease keeps them apart; here nothing does but rows."""
    chain = funded()
    payouts = ask_many(12)

    async def both() -> tuple[int | BaseException, int | BaseException]:
        return await asyncio.gather(rail_of(chain).go_on(), rail_of(chain).go_on(), return_exceptions=True)

    for _ in range(6):
        said = asyncio.run(both())
        assert all(isinstance(one, int | NumberTaken) for one in said), said
        chain.mine(3)
    assert_paid_once(chain, payouts)
    with db.transaction(writes=False) as session:
        rows = session.scalars(select(ChainTransaction)).all()
    assert sorted(row.number for row in rows) == list(range(len(rows)))


@on_sqlite
def test_a_treasury_with_code_signs_nothing(database: str) -> None:
    chain = funded()
    chain.with_code.add(TREASURY)
    ask_many(1)
    with pytest.raises(ChainMismatch, match="has code on Toy"):
        tick(rail_of(chain))
    assert statuses() == [PayoutStatus.REQUESTED] and chain.sent == []
