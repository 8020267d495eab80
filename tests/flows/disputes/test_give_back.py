"""A payment is given back by its developer, or what is unspent of it by its user: at most what is there, once."""

import asyncio

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.disputes.found import FoundRefund
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.errors import BadField, InsufficientFunds, KeyReused, NotAllowed, NotFound, Refused, WrongMode
from app.domain.ids import new_id
from app.domain.inbox import access
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply, apply_one
from app.domain.ledger.operations import Hold
from app.domain.money import CENT_NANOS, Unit
from app.domain.paywalls.modes import Mode
from app.domain.refunds import refunds
from app.domain.refunds.tables import RefundStatus
from app.domain.wallets.freezes import freeze
from app.domain.wallets.tables import FreezeReason
from app.flows.disputes.give_back import GivenBack, refund_payment, refund_unspent
from app.flows.disputes.offers import RefundOffer, read_offer
from app.ports.payments import RefundState
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.paying import begin, posted, world_cents
from tests.support.taking_back import (
    TakingBank,
    begin_shared,
    cents_of,
    charge,
    house_of,
    of_paywall,
    open_taking_bank,
    someone,
    spends,
)


@pytest.fixture(autouse=True)
def operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({OPERATOR}))


@pytest.mark.unhurried
async def test_a_developer_gives_a_payment_back_out_of_wallet_and_revenue(database: str) -> None:
    app = make_snapshot()
    bank = open_taking_bank(app.paywall_id)
    house, marks, owner = house_of(bank), begin(app, bank.connection_id, cents=3_000), owner_of(app.paywall_id)
    bank.pay("pi_1", marks)
    await house.door.receive(bank.connection_id, "e1", "pi_1")
    charge(app, app.wallet("ada"), 1_200, is_split=False)
    with capture_logs():
        given = await refund_payment(house.refunds, owner, marks.topup_id, "c1", 500)
        assert (given.paid_cents, given.status, posted(app)) == (500, RefundStatus.SUCCEEDED, 1_300)
        for cents in (2_501, 0, -1):
            with pytest.raises(BadField, match=r"\$25\.00"):
                await refund_payment(house.refunds, owner, marks.topup_id, f"c{cents}", cents)
        given = await refund_payment(house.refunds, owner, marks.topup_id, "c2")
        assert (given.paid_cents, posted(app)) == (2_500, 0)
        with pytest.raises(BadField):
            await refund_payment(house.refunds, owner, marks.topup_id, "c3")
    assert cents_of(of_paywall(app, Kind.REVENUE, Unit.USD)) == 0 == world_cents(bank.connection_id) == bank.cents
    assert_books_balance()


async def test_only_the_owner_of_the_paywall_gives_its_payments_back(database: str) -> None:
    app, other, shared = make_snapshot(), make_snapshot(), make_snapshot(mode=Mode.SHARED)
    bank = open_taking_bank(app.paywall_id)
    house, marks = house_of(bank), begin(app, bank.connection_id)
    owner, stranger = owner_of(app.paywall_id), owner_of(other.paywall_id, "eve@example.org")
    with pytest.raises(NotFound):
        await refund_payment(house.refunds, owner, marks.topup_id, "c3")
    bank.pay("pi_1", marks)
    await house.door.receive(bank.connection_id, "e1", "pi_1")
    with pytest.raises(NotFound):
        await refund_payment(house.refunds, stranger, marks.topup_id, "c3")
    with pytest.raises(NotAllowed):
        await refund_payment(house.refunds, manager(app.paywall_id, person(OPERATOR)), marks.topup_id, "c3")
    with pytest.raises(WrongMode):
        await refund_payment(house.refunds, owner_of(shared.paywall_id), marks.topup_id, "c3")
    assert (posted(app), bank.refunds) == (500, {})


def gone(offer: RefundOffer) -> list[tuple[int, RefundStatus]]:
    return [(one.cents, one.status) for one in offer.refunds]


class Person:
    """Somebody with a shared wallet, who pays by card at the operator's account."""

    def __init__(self) -> None:
        self.app = make_snapshot(mode=Mode.SHARED)
        self.person, self.wallet = someone()
        self.bank: TakingBank = open_taking_bank()
        self.house = house_of(self.bank)

    async def pays(self, cents: int) -> str:
        marks = begin_shared(self.wallet, self.bank.connection_id, cents)
        payment_id = self.bank.pay(f"pi_{len(self.bank.payments)}", marks)
        await self.house.door.receive(self.bank.connection_id, payment_id, payment_id)
        return marks.topup_id

    async def offered(self, topup_id: str) -> RefundOffer:
        return (await read_offer(self.person, topup_id)).offer

    async def has_back(self, topup_id: str, click_id: str = "", cents: int | None = None) -> GivenBack:
        """Has back what is offered, or what was offered before, by a click of its own unless it is named."""
        wanted = (await self.offered(topup_id)).cents if cents is None else cents
        return await refund_unspent(self.house.refunds, self.person, topup_id, click_id or new_id("clk"), wanted)


@pytest.mark.unhurried
async def test_a_user_has_back_exactly_what_is_unspent_of_a_payment(database: str) -> None:
    case = Person()
    first, second = await case.pays(2_000), await case.pays(1_000)
    charge(case.app, spends(case.app, case.person), 500)
    with capture_logs():
        offers = [await case.offered(topup_id) for topup_id in (first, second)]
        assert [(offer.cents, offer.refusal) for offer in offers] == [(1_500, None), (1_000, None)]
        given = await case.has_back(first)
        assert (given.paid_cents, given.status) == (1_500, RefundStatus.SUCCEEDED)
        assert cents_of(case.wallet) == 1_000
        with pytest.raises(Refused, match="Nothing of this payment is left"):
            await case.has_back(first)
        charge(case.app, spends(case.app, case.person), 999)
        assert (await case.has_back(second)).paid_cents == 1
    assert (cents_of(case.wallet), case.bank.cents) == (0, 1_499)
    assert case.house.subjects() == [
        "$15.00 of your payment is being refunded",
        "$0.01 of your payment is being refunded",
    ]
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_is_held_and_below_a_cent_stays(database: str) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    held = 300 * CENT_NANOS + 1
    with db.transaction() as session:
        apply_one(session, Hold("hold:1", case.wallet, held, held, held, "proc"))
    with capture_logs():
        assert (await case.has_back(topup_id)).paid_cents == 1_699
    assert cents_of(case.wallet) == 301


@pytest.mark.unhurried
async def test_a_refund_on_its_way_is_shown_and_one_that_fails_comes_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    case.bank.refund_state = RefundState.PENDING
    with capture_logs():
        given = await case.has_back(topup_id)
        assert (given.status, cents_of(case.wallet)) == (RefundStatus.PENDING, 0)
        assert gone(await case.offered(topup_id)) == [(2_000, RefundStatus.PENDING)]
        assert_books_balance()
        case.bank.refund_state = RefundState.FAILED
        now = clock.now() + 3_700 * clock.SECOND
        monkeypatch.setattr(clock, "now", lambda: now)
        await case.house.refunds.send_due()
        await case.house.refunds.send_due()
    with db.transaction(writes=False) as session:
        assert refunds.count_owed(session) == {}, "it is in the wallet, and nobody has to see to it"
    offer = await case.offered(topup_id)
    assert (cents_of(case.wallet), offer.cents, gone(offer)) == (2_000, 2_000, [(2_000, RefundStatus.FAILED)])
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_frozen_wallet_an_old_payment_and_somebody_elses_give_nothing_back(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    eve, _ = someone("eve@example.org")
    with pytest.raises(NotFound):
        await refund_unspent(case.house.refunds, eve, topup_id, "c1", 2_000)
    with monkeypatch.context() as patch:
        now = clock.now()
        patch.setattr(clock, "now", lambda: now + 14 * 86_400 * clock.SECOND + clock.SECOND)
        with pytest.raises(Refused, match="14 days"):
            await case.has_back(topup_id)
    with db.transaction() as session:
        apply(session, freeze(session, case.wallet.owner, FreezeReason.OPERATOR))
    with pytest.raises(Refused, match="frozen"):
        await case.has_back(topup_id)
    assert (cents_of(case.wallet), case.bank.refunds) == (2_000, {})


@pytest.mark.unhurried
async def test_a_press_that_is_sent_again_gives_back_once_and_answers_the_same(database: str) -> None:
    app = make_snapshot()
    bank = open_taking_bank(app.paywall_id)
    house, marks, owner = house_of(bank), begin(app, bank.connection_id, cents=3_000), owner_of(app.paywall_id)
    bank.pay("pi_1", marks)
    await house.door.receive(bank.connection_id, "e1", "pi_1")
    with capture_logs():
        presses = [refund_payment(house.refunds, owner, marks.topup_id, "c1", 500) for _ in range(4)]
        first, *others = [one.refund_id for one in await asyncio.gather(*presses)]
        assert set(others) == {first}
        again = await refund_payment(house.refunds, owner, marks.topup_id, "c1")
        assert again == GivenBack(first, 500, RefundStatus.SUCCEEDED)
        with pytest.raises(KeyReused):
            await refund_payment(house.refunds, owner, marks.topup_id, "c1", 501)
        assert (await refund_payment(house.refunds, owner, marks.topup_id, "c2", 500)).refund_id != first
    assert (posted(app), bank.cents, len(bank.refunds)) == (2_000, 2_000, 2)
    assert_books_balance()


@pytest.mark.unhurried
async def test_two_clicks_give_back_once(database: str) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    with capture_logs():
        came = await asyncio.gather(*(case.has_back(topup_id) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in came) == ["GivenBack", "Refused", "Refused"]
    assert [cents for _, cents in case.bank.refunds.values()] == [2_000]
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_click_of_the_user_that_is_sent_again_gives_back_once(database: str) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    with capture_logs():
        clicks = [case.has_back(topup_id, "c1", 2_000) for _ in range(3)]
        first, *others = [one.refund_id for one in await asyncio.gather(*clicks)]
    assert set(others) == {first}
    assert list(case.bank.refunds) == [first]
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_user_has_back_what_they_confirmed_and_never_less_unasked(database: str) -> None:
    case = Person()
    topup_id = await case.pays(2_000)
    charge(case.app, spends(case.app, case.person), 100)
    with capture_logs():
        for cents in (2_000, 0, -1):
            with pytest.raises(Refused, match=r"\$19\.00 can go back now"):
                await case.has_back(topup_id, f"c{cents}", cents)
        assert (await case.has_back(topup_id, "c1", 1_500)).paid_cents == 1_500
    assert (cents_of(case.wallet), case.bank.cents) == (400, 500)
    assert_books_balance()


def lose_key(connection_id: str) -> None:
    """Lets an account be disconnected, and its key be deleted."""
    with db.transaction() as session:
        access.disconnect(session, connection_id)
        access.forget_key(session, connection_id)


@pytest.mark.unhurried
async def test_where_the_key_was_deleted_no_money_leaves_a_wallet_for_an_account_that_nobody_reaches(
    database: str,
) -> None:
    case, app = Person(), make_snapshot()
    topup_id, bank = await case.pays(2_000), open_taking_bank(app.paywall_id)
    house, marks, owner = house_of(bank), begin(app, bank.connection_id), owner_of(app.paywall_id)
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    lose_key(case.bank.connection_id)
    lose_key(bank.connection_id)
    with pytest.raises(Refused, match="not connected any more"):
        await case.has_back(topup_id, "c1", 2_000)
    with pytest.raises(Refused, match="not connected any more"):
        await refund_payment(house.refunds, owner, marks.topup_id, "c1")
    assert (cents_of(case.wallet), posted(app)) == (2_000, 500)


@pytest.mark.unhurried
async def test_charges_beside_a_refund_and_refunds_beside_each_other_never_overspend(database: str) -> None:
    case = Person()
    first, second = await case.pays(1_000), await case.pays(1_000)

    async def spend() -> int:
        await asyncio.sleep(0)
        try:
            await asyncio.to_thread(charge, case.app, spends(case.app, case.person), 150)
        except InsufficientFunds:
            return 0
        return 150

    async def back(topup_id: str) -> int:
        return (await case.has_back(topup_id)).paid_cents

    with capture_logs():
        work = [*(spend() for _ in range(8)), *(back(one) for one in (first, second) * 2)]
        came = await asyncio.gather(*work, return_exceptions=True)
    assert all(isinstance(one, (int, Refused)) for one in came), came
    gone = sum(one for one in came if isinstance(one, int))
    assert (cents_of(case.wallet), case.bank.cents) == (2_000 - gone, 2_000 - sum(
        cents for _, cents in case.bank.refunds.values()))  # fmt: skip
    assert cents_of(case.wallet) >= 0
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_dispute_while_a_refund_is_on_its_way_takes_what_is_left_and_then_all(database: str) -> None:
    """Refund and dispute of one payment come to what was credited, whichever of them the account carries out."""
    case = Person()
    topup_id = await case.pays(2_000)
    charge(case.app, spends(case.app, case.person), 500)
    case.bank.refund_state = RefundState.PENDING
    with capture_logs():
        given = await case.has_back(topup_id)
        case.bank.dispute("dp_1", "pi_0", 2_000, DisputeState.OPEN, Funds.OUT)
        await case.house.door.receive(case.bank.connection_id, "d1", "dp_1", ObjectKind.DISPUTE)
        assert (given.paid_cents, cents_of(case.wallet)) == (1_500, -500)
        assert_books_balance()
        case.bank.own_states[given.refund_id] = RefundStatus.FAILED
        await case.house.door.receive(case.bank.connection_id, "d2", "re_" + given.refund_id, ObjectKind.REFUND)
        assert cents_of(case.wallet) == -500
        assert_books_balance()
        case.bank.dispute("dp_1", "pi_0", 2_000, DisputeState.WON, Funds.BACK)
        await case.house.door.receive(case.bank.connection_id, "d3", "dp_1", ObjectKind.DISPUTE)
    assert (cents_of(case.wallet), case.bank.cents) == (1_500, 2_000)
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_went_back_and_was_forgotten_with_a_backup_is_not_given_back_twice(database: str) -> None:
    """The account refuses more than is left there; what is asked for in vain is in the wallet again."""
    case = Person()
    topup_id = await case.pays(2_000)
    case.bank.elsewhere["re_lost"] = ("pi_0", FoundRefund("re_lost", "rfd_lost", 500, RefundStatus.SUCCEEDED))
    case.bank.refund_state = RefundState.FAILED
    with capture_logs():
        assert (await case.has_back(topup_id)).status is RefundStatus.FAILED
        assert cents_of(case.wallet) == 2_000
        await case.house.door.receive(case.bank.connection_id, "r1", "re_lost", ObjectKind.REFUND)
        assert (cents_of(case.wallet), (await case.offered(topup_id)).cents) == (1_500, 1_500)
        case.bank.refund_state = RefundState.SUCCEEDED
        assert (await case.has_back(topup_id)).paid_cents == 1_500
    assert (cents_of(case.wallet), case.bank.cents) == (0, 0)
    assert_books_balance()
