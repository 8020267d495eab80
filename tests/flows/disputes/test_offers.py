"""What a page offers of top-ups is what a person then can have back, and says what went back before."""

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.errors import NotFound
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Hold
from app.domain.money import CENT_NANOS
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.domain.refunds.tables import RefundStatus
from app.flows.disputes.give_back import refund_unspent
from app.flows.disputes.offers import RefundOffer, Refusal, bring_near, read_offer, read_offers
from app.flows.wallets.refund import refund_charge
from tests.support.books import make_snapshot
from tests.support.managing import owner_of
from tests.support.paying import begin
from tests.support.saved_cards import save_card, switch_on
from tests.support.taking_back import begin_shared, charge, house_of, open_taking_bank, someone, spends

pytestmark = pytest.mark.plain_sql


async def offered(person: Person, wallet: Account, *topup_ids: str) -> list[RefundOffer]:
    """Returns what a page offers, having brought the lots near to now as it does."""
    await bring_near(person)
    with db.transaction(writes=False) as session:
        found = read_offers(session, wallet, topup_ids)
    return [found[topup_id] for topup_id in topup_ids]


@pytest.mark.unhurried
async def test_a_page_offers_what_can_be_had_back_as_the_wallet_is_spent(database: str) -> None:
    app, bank, (ada, wallet) = make_snapshot(mode=Mode.SHARED), open_taking_bank(), someone()
    house, ids = house_of(bank), []
    for number in range(2):
        marks = begin_shared(wallet, bank.connection_id, 1_000)
        await house.door.receive(bank.connection_id, f"e{number}", bank.pay(f"pi_{number}", marks))
        ids.append(marks.topup_id)
    assert [one.cents for one in await offered(ada, wallet, *ids)] == [1_000, 1_000]
    request_id = charge(app, spends(app, ada), 1_050)
    shown = await offered(ada, wallet, *ids)
    assert [(one.cents, one.refusal) for one in shown] == [(0, Refusal.SPENT), (950, None)]
    for topup_id, one in zip(ids, shown, strict=True):
        assert (await read_offer(ada, topup_id)).offer == one
    held = 900 * CENT_NANOS
    with db.transaction() as session:
        apply_one(session, Hold("hold:1", wallet, held, held, held, "proc"))
    assert [one.cents for one in await offered(ada, wallet, *ids)] == [0, 50]
    with capture_logs():
        await refund_charge(owner_of(app.paywall_id, "dev@example.org"), request_id, "c1")
    assert [one.cents for one in await offered(ada, wallet, *ids)] == [1_000, 1_000]


@pytest.mark.unhurried
async def test_what_went_back_and_what_a_bank_took_is_said(database: str) -> None:
    bank, (ada, wallet) = open_taking_bank(), someone()
    house, marks = house_of(bank), begin_shared(wallet, bank.connection_id, 2_000)
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    with capture_logs():
        await refund_unspent(house.refunds, ada, marks.topup_id, "c1", 500)
        bank.dispute("dp_1", "pi_1", 1_500, DisputeState.OPEN, Funds.OUT)
        await house.door.receive(bank.connection_id, "e2", "dp_1", ObjectKind.DISPUTE)
    (shown,) = await offered(ada, wallet, marks.topup_id)
    assert [(one.cents, one.status) for one in shown.refunds] == [(500, RefundStatus.SUCCEEDED)]
    assert (shown.cents, shown.refusal, shown.disputed_cents) == (0, Refusal.FROZEN, 1_500)


@pytest.mark.unhurried
async def test_the_question_says_card_spent_sum_and_that_automatic_top_up_ends(database: str) -> None:
    app, bank, (ada, wallet) = make_snapshot(mode=Mode.SHARED), open_taking_bank(), someone()
    house, marks = house_of(bank), begin_shared(wallet, bank.connection_id, 2_000)
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    charge(app, spends(app, ada), 760)
    asked = await read_offer(ada, marks.topup_id)
    assert (asked.offer.cents, asked.spent_nanos, asked.card) == (1_240, 760 * CENT_NANOS, None)
    assert (asked.is_sandbox, asked.switches_off, asked.unit) == (False, False, wallet.unit)
    assert 0 <= asked.offer.until - clock.now() <= 14 * clock.DAY
    switch_on(ada, save_card(bank.connection_id, ada))
    assert (await read_offer(ada, marks.topup_id)).switches_off


async def test_an_old_payment_an_open_one_and_an_apps_wallet_offer_nothing(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, bank, (ada, wallet) = make_snapshot(), open_taking_bank(), someone()
    house, marks = house_of(bank), begin_shared(wallet, bank.connection_id, 2_000)
    opened = begin_shared(wallet, bank.connection_id, 2_000)
    of_app = begin(app, bank.connection_id)
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    for topup_id in (opened.topup_id, of_app.topup_id, "top_\ud800", ""):
        with pytest.raises(NotFound):
            await read_offer(ada, topup_id)
    with db.transaction(writes=False) as session:
        assert list(read_offers(session, wallet, [marks.topup_id, opened.topup_id, of_app.topup_id])) == [
            marks.topup_id
        ]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + 14 * clock.DAY + clock.SECOND)
    (shown,) = await offered(ada, wallet, marks.topup_id)
    assert (shown.cents, shown.refusal) == (0, Refusal.OLD)
