"""Refunds and disputes that a rail tells of, of an app's wallets and shared ones: any order ends in the same books."""

import asyncio
from itertools import permutations

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain import clock
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Kind
from app.domain.money import NANOS, Unit
from app.domain.paywalls.modes import Mode
from app.domain.refunds.tables import RefundStatus
from app.domain.wallets.freezes import list_freezes
from app.flows.callers.snapshot import Snapshot
from app.flows.disputes.debts import write_off
from tests.support.books import assert_books_balance, give, make_snapshot
from tests.support.handed import mature_earnings
from tests.support.paying import begin, open_events, posted, topup, world_cents
from tests.support.taking_back import (
    House,
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
from tests.support.waiting import until
from tests.support.webhooks import listening, told

REFUND, DISPUTE, WARNING = ObjectKind.REFUND, ObjectKind.DISPUTE, ObjectKind.WARNING
FAILED, PENDING = RefundStatus.FAILED, RefundStatus.PENDING
INQUIRY, OPEN, WON, LOST = DisputeState.INQUIRY, DisputeState.OPEN, DisputeState.WON, DisputeState.LOST
KEPT, OUT, BACK = Funds


@pytest.fixture(autouse=True)
def operators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.settings.Settings.operators", frozenset({"op@example.org"}))


class App:
    """A default-mode paywall on its developer's own account, where a user topped up and spent."""

    def __init__(self, topped: int = 3_000, spent: int = 1_200) -> None:
        self.snapshot: Snapshot = make_snapshot()
        self.bank: TakingBank = open_taking_bank(self.snapshot.paywall_id)
        self.house: House = house_of(self.bank)
        self.marks = begin(self.snapshot, self.bank.connection_id, cents=topped)
        self.bank.pay("pi_1", self.marks)
        self.spent, self.count = spent, 0

    async def credited(self) -> "App":
        await self.house.door.receive(self.bank.connection_id, "e0", "pi_1")
        if self.spent:
            charge(self.snapshot, self.snapshot.wallet("ada"), self.spent, is_split=False)
        return self

    async def tell(self, kind: ObjectKind, object_id: str) -> None:
        self.count += 1
        await self.house.door.receive(self.bank.connection_id, f"evt_{self.count}", object_id, kind)

    @property
    def wallet(self) -> int:
        return posted(self.snapshot)

    @property
    def revenue(self) -> int:
        return cents_of(of_paywall(self.snapshot, Kind.REVENUE, Unit.USD))

    @property
    def freezes(self) -> list[str]:
        with db.transaction(writes=False) as session:
            return [source for _, source in list_freezes(session, self.snapshot.wallet("ada").id)]


@pytest.mark.unhurried
async def test_acceptance_11_refunds_in_default_mode(database: str) -> None:
    app = await App().credited()
    with capture_logs():
        app.bank.give_back("re_1", "pi_1", 500)
        for _ in range(2):
            await app.tell(REFUND, "re_1")
        assert app.wallet == 1_300
        app.bank.give_back("re_2", "pi_1", 1_000)
        for name in ("re_2", "re_1", "re_2"):
            await app.tell(REFUND, name)
        assert app.wallet == 300
        app.bank.give_back("re_2", "pi_1", 1_000, FAILED)
        await app.tell(REFUND, "re_2")
        assert (app.wallet, app.revenue) == (1_300, 1_200)
        app.bank.give_back("re_3", "pi_1", 2_500)
        await app.tell(REFUND, "re_3")
    assert (app.wallet, app.revenue) == (0, 0)
    assert world_cents(app.bank.connection_id) == 0 == app.bank.cents
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_is_told_of_one_payment_at_once_waits_for_nobody_s_pause(database: str) -> None:
    """A bank's dispute comes as several events together; the wallet is frozen by the first, and none is put off."""
    app = await App().credited()
    with capture_logs():
        app.bank.delay = 0.01
        app.bank.dispute("dp_1", "pi_1", 3_000, OPEN, OUT)
        await asyncio.gather(*(app.tell(DISPUTE, "dp_1") for _ in range(8)))
    assert (open_events(), app.wallet, len(app.freezes)) == (0, -1_200, 1)
    assert app.bank.reads == 8
    assert_books_balance()


@pytest.mark.plain_sql
@pytest.mark.unhurried
async def test_refunds_and_a_dispute_in_any_order_end_in_the_same_books(database: str) -> None:
    for order in permutations(("re_1", "re_2", "dp_1")):
        await told_in(order)
    assert_books_balance()


async def told_in(order: tuple[str, ...]) -> None:
    app = await App(3_000, 2_000).credited()
    acts = {
        "re_1": lambda: app.bank.give_back("re_1", "pi_1", 800),
        "re_2": lambda: app.bank.give_back("re_2", "pi_1", 700),
        "dp_1": lambda: app.bank.dispute("dp_1", "pi_1", 1_500, OPEN, OUT),
    }
    with capture_logs():
        for name in order:
            acts[name]()
            await app.tell(DISPUTE if name == "dp_1" else REFUND, name)
        for name in (*order, *reversed(order)):
            await app.tell(DISPUTE if name == "dp_1" else REFUND, name)
    assert (app.wallet, app.revenue) == (-1_500, 1_500)
    assert app.freezes == [f"{app.bank.connection_id}:dp_1"]
    assert world_cents(app.bank.connection_id) == 0 == app.bank.cents


async def test_what_is_told_before_the_credit_counts_once_it_is_credited(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = App(spent=0)
    app.bank.give_back("re_1", "pi_1", 500)
    with capture_logs():
        await app.tell(REFUND, "re_1")
        assert app.wallet == 0 and open_events() == 2
        for hours in (1, 2, 3):
            now = clock.now() + hours * 3_700 * clock.SECOND
            with monkeypatch.context() as patch:
                patch.setattr(clock, "now", lambda now=now: now)
                await app.house.door.finish_inbox()
    assert (app.wallet, open_events()) == (2_500, 0)
    assert_books_balance()


async def test_what_went_back_whole_before_the_credit_is_never_credited(database: str) -> None:
    app = App(spent=0)
    app.bank.give_back("re_1", "pi_1", 3_000)
    with capture_logs():
        await app.tell(REFUND, "re_1")
    assert (app.wallet, open_events()) == (0, 0)


@pytest.mark.unhurried
async def test_an_answer_that_is_older_than_another_question_is_asked_for_again(database: str) -> None:
    app = await App(spent=0).credited()
    app.bank.give_back("re_1", "pi_1", 500)
    with capture_logs():
        app.bank.delay = 0.2
        first = asyncio.create_task(app.tell(REFUND, "re_1"))
        await until(lambda: app.bank.reads == 1)
        # The first has read, and its answer is on its way; the refund fails, and the second reads that.
        app.bank.give_back("re_1", "pi_1", 500, FAILED)
        app.bank.delay = 0
        await app.tell(REFUND, "re_1")
        await first
    assert app.wallet == 3_000
    assert app.bank.reads >= 2
    assert topup(app.marks.topup_id).reads == app.bank.reads
    assert_books_balance()


async def test_other_apps_payments_and_spoilt_marks_move_nothing(database: str) -> None:
    app = await App(spent=0).credited()
    app.bank.pay("pi_other", None, paid_cents=700)
    app.bank.give_back("re_other", "pi_other", 700)
    other = App(spent=0)
    app.bank.pay("pi_stolen", other.marks)
    app.bank.dispute("dp_stolen", "pi_stolen", 500, OPEN, OUT)
    with capture_logs():
        await app.tell(REFUND, "re_other")
        await app.tell(DISPUTE, "dp_stolen")
    assert (app.wallet, other.wallet, open_events()) == (3_000, 0, 0)
    assert [subject for subject in app.house.subjects() if "refused" in subject]
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_warning_tells_the_developer_and_moves_nothing_in_default_mode(database: str) -> None:
    app = await App(spent=0).credited()
    app.bank.warn("issfr_1", "pi_1")
    with capture_logs():
        for _ in range(2):
            await app.tell(WARNING, "issfr_1")
    assert (app.wallet, app.freezes) == (3_000, [])
    assert app.house.subjects() == ["Lexica: A payment of $30.00 may be a fraud"]


@pytest.mark.unhurried
async def test_events_tell_the_app_of_refunds_and_disputes(database: str) -> None:
    app = await App(spent=0).credited()
    await listening(app.snapshot)
    with capture_logs():
        app.bank.give_back("re_1", "pi_1", 500)
        await app.tell(REFUND, "re_1")
        app.bank.dispute("dp_1", "pi_1", 900, INQUIRY, KEPT)
        await app.tell(DISPUTE, "dp_1")
        for state, funds in ((OPEN, OUT), (OPEN, OUT), (WON, BACK)):
            app.bank.dispute("dp_1", "pi_1", 900, state, funds)
            await app.tell(DISPUTE, "dp_1")
    reversals = [one for one in await told(app.snapshot) if "refund" in one[0] or "dispute" in one[0]]
    assert [(type_, data["amount"], data["currency"], data.get("outcome")) for type_, data in reversals] == [
        ("paywall.dispute.closed", "9", "USD", "won"), ("paywall.dispute.created", "9", "USD", None),
        ("paywall.refund.created", "5", "USD", None),
    ]  # fmt: skip


class Shared:
    """Acceptance test 12: 100 dollars on a shared wallet, 60 spent, 54 of that earned: 30 pending and 24 paid out."""

    def __init__(self) -> None:
        self.app: Snapshot = make_snapshot(mode=Mode.SHARED)
        self.person, self.wallet = someone()
        self.bank = open_taking_bank()
        self.house = house_of(self.bank)
        self.marks = begin_shared(self.wallet, self.bank.connection_id, 10_000)
        self.bank.pay("pi_1", self.marks)
        self.count = 0

    async def ready(self, monkeypatch: pytest.MonkeyPatch) -> "Shared":
        await self.house.door.receive(self.bank.connection_id, "e0", "pi_1")
        wallet = spends(self.app, self.person)
        # Fee and cost leave 24 and 30 dollars of these charges.
        charge(self.app, wallet, 2_600, cost_cents=174)
        now = clock.now
        monkeypatch.setattr(clock, "now", lambda: now() + 31 * 86_400 * clock.SECOND)
        with capture_logs():
            await mature_earnings()
        charge(self.app, wallet, 3_400, cost_cents=366)
        self.pay_out()
        return self

    def pay_out(self) -> None:
        from app.domain.ledger.apply import apply_one
        from app.domain.ledger.operations import Post, Transfer

        earnings = of_paywall(self.app, Kind.EARNINGS)
        out = Transfer(earnings, earnings.beside(Kind.WORLD, "chain"), 24 * NANOS, "payout")
        with db.transaction() as session:
            apply_one(session, Post("payout:1", (out,)))

    async def tell(self, state: DisputeState, funds: Funds) -> None:
        self.bank.dispute("dp_1", "pi_1", 10_000, state, funds)
        await self.again()

    async def again(self) -> None:
        self.count += 1
        await self.house.door.receive(self.bank.connection_id, f"evt_{self.count}", "dp_1", DISPUTE)

    def state(self) -> tuple[int, ...]:
        """Wallet, pending earnings, available earnings, shortfall, the operator's capital; in cents."""
        capital = self.wallet.beside(Kind.OPERATOR_CAPITAL, "instance")
        kinds = (Kind.EARNINGS_PENDING, Kind.EARNINGS, Kind.SHORTFALL)
        return (cents_of(self.wallet), *(cents_of(of_paywall(self.app, kind)) for kind in kinds), cents_of(capital))

    @property
    def freezes(self) -> list[str]:
        with db.transaction(writes=False) as session:
            return [source for _, source in list_freezes(session, self.wallet.owner)]


BEFORE, DURING = (4_000, 3_000, 0, 0, 0), (-6_000, 0, 0, -2_400, 5_400)


@pytest.mark.unhurried
async def test_acceptance_12_a_dispute_of_a_shared_wallet_that_is_won(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await Shared().ready(monkeypatch)
    with capture_logs():
        await case.tell(INQUIRY, KEPT)
        assert (case.state(), case.freezes) == (BEFORE, [])
        assert case.house.subjects() == ["A payment of $100.00 is asked about"]
        assert_books_balance()
        for _ in range(2):
            await case.tell(OPEN, OUT)
        assert (case.state(), len(case.freezes)) == (DURING, 1)
        assert_books_balance()
        for _ in range(2):
            await case.tell(WON, BACK)
    assert (case.state(), case.freezes) == (BEFORE, [])
    assert case.house.subjects()[1:] == [
        "A payment of $100.00 is disputed", "Your payment of $100.00 is disputed, and your wallet is frozen",
        "A payment of $100.00 came back", "Your payment of $100.00 is back",
    ]  # fmt: skip
    assert_books_balance()


@pytest.mark.unhurried
async def test_acceptance_12_in_whatever_order_it_is_told(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an event says counts for nothing: each reads how the dispute stands."""
    case = await Shared().ready(monkeypatch)
    with capture_logs():
        for state, funds in ((OPEN, OUT), (INQUIRY, KEPT), (LOST, OUT), (WON, BACK), (OPEN, OUT), (INQUIRY, KEPT)):
            await case.tell(state, funds)
            assert case.state() == (DURING if funds is OUT else BEFORE)
            assert bool(case.freezes) is (funds is OUT)
            assert_books_balance()


@pytest.mark.unhurried
async def test_top_ups_after_a_lost_dispute_reinstate_what_earnings_answered_for(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await Shared().ready(monkeypatch)
    with capture_logs():
        await case.tell(LOST, OUT)
        for number, (cents, expected) in enumerate(
            (
                (2_000, (-4_000, 0, 0, -1_000, 4_000)),
                (3_000, (-1_000, 2_000, 0, 0, 1_000)),
                (2_500, (1_500, 3_000, 0, 0, 0)),
            )
        ):
            marks = begin_shared(case.wallet, case.bank.connection_id, cents)
            case.bank.pay(f"pi_more_{number}", marks)
            await case.house.door.receive(case.bank.connection_id, f"more_{number}", f"pi_more_{number}")
            assert case.state() == expected
            assert_books_balance()
    assert case.freezes, "only an operator thaws it"


@pytest.mark.unhurried
async def test_a_written_off_debt_keeps_earnings_taken_and_comes_back_with_the_funds(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await Shared().ready(monkeypatch)
    with capture_logs():
        await case.tell(LOST, OUT)
        done = await write_off(case.wallet.owner)
        assert (done.written_off_nanos, case.freezes) == (60 * NANOS, [])
        assert case.state() == (0, 0, 0, -2_400, -600)
        assert_books_balance()
        await case.again()
        assert case.freezes == []
        await case.tell(WON, BACK)
    assert case.state() == BEFORE
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_warning_gives_a_small_payment_back_and_freezes_a_large_one(database: str) -> None:
    person, wallet = someone()
    bank = open_taking_bank()
    house = house_of(bank)
    for cents, name in ((1_500, "pi_small"), (5_000, "pi_large")):
        bank.pay(name, begin_shared(wallet, bank.connection_id, cents))
        await house.door.receive(bank.connection_id, name, name)
    app = make_snapshot(mode=Mode.SHARED)
    charge(app, spends(app, person), 6_000)
    with capture_logs():
        for name in ("pi_small", "pi_large"):
            bank.warn(f"w_{name}", name)
            for again in range(2):
                await house.door.receive(bank.connection_id, f"w{again}_{name}", f"w_{name}", WARNING)
    assert cents_of(wallet) == 500 - 1_500
    assert [cents for _, cents in bank.refunds.values()] == [1_500]
    with db.transaction(writes=False) as session:
        assert len(list_freezes(session, wallet.owner)) == 2
    assert world_cents(bank.connection_id) == bank.cents == 5_000
    assert_books_balance()


async def test_an_app_wallet_with_deposits_is_disputed_for_its_top_up_alone(database: str) -> None:
    app = await App(3_000, 0).credited()
    await give(app.snapshot, "ada", 5 * NANOS)
    with capture_logs():
        app.bank.dispute("dp_1", "pi_1", 9_900, OPEN, OUT)
        await app.tell(DISPUTE, "dp_1")
    assert app.wallet == 500, "at most what was credited"
