"""What revenue bears of payments that went back is counted as refunds, and as nothing once it came back."""

from datetime import timedelta
from functools import reduce

import pytest

from app import db
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import CENT_NANOS
from app.domain.paywalls.modes import Mode
from app.domain.refunds.tables import RefundStatus
from app.domain.rollups import building
from app.domain.rollups.reading import read_days, read_numbers, read_user, today
from app.domain.rollups.sums import Sums, plus
from app.flows.upkeep import rollups
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import begin
from tests.support.taking_back import (
    begin_shared,
    charge,
    house_of,
    open_taking_bank,
    someone,
    spends,
)

REFUND = ObjectKind.REFUND


def numbers(paywall_id: str) -> Sums:
    """What a paywall came to until today, asked in each way in which pages ask."""
    with db.transaction(writes=False) as session:
        last = today(session, paywall_id)
        first = last - timedelta(29)
        found = read_numbers(session, [paywall_id], first, last)[paywall_id].sums
        assert reduce(plus, [day.sums for day in read_days(session, paywall_id, first, last)]) == found
        assert read_user(session, paywall_id, "ada", first, last) == found
        return found


@pytest.mark.unhurried
async def test_revenue_bears_what_was_spent_of_a_payment_that_went_back(database: str) -> None:
    app = make_snapshot()
    bank = open_taking_bank(app.paywall_id)
    house = house_of(bank)
    bank.pay("pi_1", begin(app, bank.connection_id, cents=3_000))
    await house.door.receive(bank.connection_id, "e0", "pi_1")
    charge(app, app.wallet("ada"), 1_200, is_split=False)
    await rollups.count()
    assert numbers(app.paywall_id) == Sums(1, 1_200 * CENT_NANOS)
    bank.give_back("re_1", "pi_1", 2_500)
    await house.door.receive(bank.connection_id, "e1", "re_1", REFUND)
    assert await rollups.has_due() and await rollups.count() == 1
    borne = Sums(1, 1_200 * CENT_NANOS, 700 * CENT_NANOS)
    assert numbers(app.paywall_id) == borne
    assert await rollups.count() == 0
    assert_books_balance()
    with db.transaction() as session:
        building.choose_zone(session, app.paywall_id, "Asia/Kathmandu")
    await rollups.build()
    assert numbers(app.paywall_id) == borne
    bank.give_back("re_1", "pi_1", 2_500, RefundStatus.FAILED)
    await house.door.receive(bank.connection_id, "e2", "re_1", REFUND)
    assert await rollups.count() == 1
    assert numbers(app.paywall_id) == Sums(1, 1_200 * CENT_NANOS)
    assert_books_balance()


async def test_what_the_operator_bears_is_no_refund_of_the_app_that_began_the_payment(database: str) -> None:
    app, (person, account) = make_snapshot(mode=Mode.SHARED), someone()
    bank = open_taking_bank()
    house = house_of(bank)
    bank.pay("pi_1", begin_shared(account, bank.connection_id, 3_000))
    await house.door.receive(bank.connection_id, "e0", "pi_1")
    charge(app, spends(app, person), 1_200)
    bank.give_back("re_1", "pi_1", 2_500)
    await house.door.receive(bank.connection_id, "e1", "re_1", REFUND)
    assert await rollups.count() == 2
    assert not await rollups.has_due()
    assert numbers(app.paywall_id).refunds_nanos == 0
    assert_books_balance()
