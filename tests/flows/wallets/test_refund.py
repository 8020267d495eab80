"""A charge is given back by its developer: who got it gives it back, and its receipt stays as it was."""

import asyncio

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain.errors import BadField, KeyReused, NotAllowed, NotFound
from app.domain.ledger.accounts import Kind
from app.domain.money import CENT_NANOS, Unit
from app.domain.paywalls.modes import Mode
from app.domain.usage.requests import read_receipt
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.offers import read_offer
from app.flows.wallets.refund import refund_charge
from app.flows.wallets.statement import LedgerFilter, Position, read_ledger
from tests.support.books import assert_books_balance, give, make_snapshot
from tests.support.handed import mature_earnings
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.taking_back import (
    begin_shared,
    cents_of,
    charge,
    house_of,
    of_paywall,
    open_taking_bank,
    someone,
    spends,
)

KINDS = (Kind.EARNINGS_PENDING, Kind.EARNINGS, Kind.SHORTFALL)


def entries(app: Snapshot) -> list[tuple[str, int]]:
    with db.transaction(writes=False) as session:
        page = read_ledger(session, app.paywall, LedgerFilter(), Position(), 20)
    return [(entry.type, entry.amount_nanos // CENT_NANOS) for entry in page.entries]


@pytest.mark.unhurried
async def test_in_default_mode_it_comes_from_the_revenue(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id)
    await give(app, "ada", 1_000 * CENT_NANOS)
    request_id = charge(app, app.wallet("ada"), 600, is_split=False)
    with capture_logs():
        refund_id = await refund_charge(owner, request_id, "c1", 200 * CENT_NANOS)
        for nanos in (400 * CENT_NANOS + 1, 0):
            with pytest.raises(BadField, match=r"\$4\.00"):
                await refund_charge(owner, request_id, f"c{nanos}", nanos)
        await refund_charge(owner, request_id, "c2")
    assert cents_of(app.wallet("ada").account) == 1_000
    assert cents_of(of_paywall(app, Kind.REVENUE, Unit.USD)) == 0
    with db.transaction(writes=False) as session:
        charged, back = (read_receipt(session, app.paywall_id, one) for one in (request_id, refund_id))
    assert (charged.charge, charged.status, back.kind, back.charge) == ("6", "settled", "refund", "2")
    assert back.split == {"provider": "0", "platform": "0", "developer": "2"}
    assert entries(app) == [("refund", 400), ("refund", 200), ("manual_charge", -600), ("deposit", 1_000)]
    assert_books_balance()


async def test_a_click_that_is_sent_again_gives_back_once_and_answers_the_same(database: str) -> None:
    app = make_snapshot()
    owner = owner_of(app.paywall_id)
    await give(app, "ada", 1_000 * CENT_NANOS)
    request_id = charge(app, app.wallet("ada"), 600, is_split=False)
    with capture_logs():
        clicks = [refund_charge(owner, request_id, "c1", 100 * CENT_NANOS) for _ in range(4)]
        first, *others = await asyncio.gather(*clicks)
        assert set(others) == {first}
        assert await refund_charge(owner, request_id, "c1") == first
        with pytest.raises(KeyReused):
            await refund_charge(owner, request_id, "c1", 101 * CENT_NANOS)
        assert await refund_charge(owner, request_id, "c2", 100 * CENT_NANOS) != first
    assert cents_of(app.wallet("ada").account) == 1_000 - 600 + 200
    assert_books_balance()


@pytest.mark.unhurried
async def test_only_its_owner_gives_a_charge_back_and_never_a_refund(database: str) -> None:
    app, other = make_snapshot(), make_snapshot()
    owner, stranger = owner_of(app.paywall_id), owner_of(other.paywall_id, "eve@example.org")
    await give(app, "ada", 100 * CENT_NANOS)
    request_id = charge(app, app.wallet("ada"), 100, is_split=False)
    with pytest.raises(NotFound):
        await refund_charge(stranger, request_id, "c2")
    with pytest.raises(NotAllowed):
        await refund_charge(manager(app.paywall_id, person(OPERATOR)), request_id, "c2")
    with capture_logs():
        refund_id = await refund_charge(owner, request_id, "c2")
    with pytest.raises(NotFound):
        await refund_charge(owner, refund_id, "c2")


@pytest.mark.unhurried
async def test_in_shared_mode_the_split_is_reversed_and_the_lot_has_it_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({OPERATOR}))
    app, bank = make_snapshot(mode=Mode.SHARED), open_taking_bank()
    (ada, wallet), house, owner = someone(), house_of(bank), owner_of(app.paywall_id, "dev@example.org")
    marks = begin_shared(wallet, bank.connection_id, 2_000)
    bank.pay("pi_1", marks)
    await house.door.receive(bank.connection_id, "e1", "pi_1")
    request_id = charge(app, spends(app, ada), 1_000, cost_cents=300)
    charge(app, spends(app, ada), 200)
    fees = wallet.beside(Kind.PLATFORM_FEES, "instance")

    def earned() -> tuple[int, ...]:
        return (*(cents_of(of_paywall(app, kind)) for kind in KINDS), cents_of(fees))

    assert earned() == (690 + 198, 0, 0, 12)
    with capture_logs():
        await refund_charge(owner, request_id, "c1", 500 * CENT_NANOS)
        assert earned() == (690 + 198 - 495, 0, 0, 7)
        assert (await read_offer(ada, marks.topup_id)).offer.cents == 1_300
        # All of it: the developer's other earnings pay what the provider cost, and the rest is owed.
        await refund_charge(owner, request_id, "c2")
    assert earned() == (0, 0, -102, 2)
    assert cents_of(wallet) == 1_800
    assert (await read_offer(ada, marks.topup_id)).offer.cents == 1_800
    assert entries(app)[:2] == [("refund", 500), ("refund", 500)]
    assert_books_balance()
    assert await mature_earnings() == 0
    assert_books_balance()
