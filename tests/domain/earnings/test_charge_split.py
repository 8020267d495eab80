"""The ledger's split of a charge is the receipt's, on every way that a request can end."""

import pytest

from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Collected
from app.domain.money import NANOS
from app.domain.paywalls.configuration import Disconnect
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import BUILT_IN, DEMO
from app.domain.pricing.quote import Tokens, charge_nanos, cost_nanos
from app.domain.usage.requests import Metered
from app.flows.chat.call import Run
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.crowd import connect, purse, sign_in, top_up
from tests.support.scripted import Scripted, flows, request
from tests.support.splits import WALLET, balance_of, split_of


def test_terms_follow_mode_and_provider() -> None:
    assert terms_of(Mode.DEFAULT, BUILT_IN, 100) is None
    found = [terms_of(Mode.SHARED, name, 250) for name in (BUILT_IN, DEMO, "own", None)]
    assert [terms.pays_provider for terms in found if terms] == [True, True, False, False]
    assert {terms.fee_basis_points for terms in found if terms} == {250}


def test_in_default_mode_all_of_it_is_revenue() -> None:
    transfers = charge_split(WALLET, "pw_1", None)(Collected(3, 4, 7))
    assert [(move.debit, move.credit.kind, move.amount) for move in transfers] == [
        (WALLET.promo, Kind.REVENUE, 3), (WALLET, Kind.REVENUE, 4),
    ]  # fmt: skip
    assert charge_split(WALLET, "pw_1", None)(Collected(0, 0, 7)) == []


@pytest.mark.unhurried
@pytest.mark.parametrize("paid", [0, 10 * NANOS])
async def test_what_the_receipt_says_is_where_the_money_is(database: str, paid: int) -> None:
    snapshot, tokens = make_snapshot(mode=Mode.SHARED), Tokens(5, 19_000)
    ada, _ = await sign_in("ada@example.org")
    trial = purse(ada).trial_nanos
    top_up(ada, paid) if paid else None
    await connect(snapshot, ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "u1", request(max_tokens=20_000), "req_1", None)
        assert isinstance(run, Run)
        settled = await chat.settle(run, Metered(tokens))
        again = await chat.settle(run, Metered(tokens))
    charge, cost = charge_nanos(run.leg.offer.price, tokens), cost_nanos(run.leg.offer.price, tokens)
    split = split_of(snapshot)
    assert again.is_replay and settled.amount == charge - settled.short == sum(split.values())
    assert split["provider"] == balance_of(Kind.PROVIDER_PAYABLE, DEMO) == cost
    assert split["platform"] == balance_of(Kind.PLATFORM_FEES, "instance")
    assert split["developer"] == balance_of(Kind.EARNINGS_PENDING, snapshot.paywall_id)
    assert split.get("trial", 0) == balance_of(Kind.GRANTS, "instance") + trial
    if not paid:
        assert (split["platform"], split["developer"]) == (0, 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_the_provider_is_owed_beyond_the_charge_is_the_paywalls_shortfall(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    top_up(ada, NANOS)
    await connect(snapshot, ada)
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        run = await chat.begin(snapshot, "u1", request(max_tokens=100), "req_1", None)
        assert isinstance(run, Run)
        settled = await chat.settle(run, Metered(Tokens(10, 500_000)))
        free = await chat.begin(snapshot, "u1", request(max_tokens=100), "req_2", None)
        assert isinstance(free, Run)
        await chat.settle(free, Metered(Tokens(10, 100), disconnect=Disconnect.FREE), is_free=True)
    cost = cost_nanos(run.leg.offer.price, Tokens(10, 500_000)) + cost_nanos(run.leg.offer.price, Tokens(10, 100))
    assert balance_of(Kind.PROVIDER_PAYABLE, DEMO) == cost
    assert -balance_of(Kind.SHORTFALL, snapshot.paywall_id) == cost - split_of(snapshot)["provider"]
    assert sum(split_of(snapshot).values()) == settled.amount and sum(split_of(snapshot, "req_2").values()) == 0
    assert_books_balance()
