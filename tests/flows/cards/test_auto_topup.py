"""Wallets that fill themselves, whole: looked at, charged, tried again, and their owners told."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import sums
from app.domain.cards.rules import Answer, Terms
from app.domain.cards.sums import Use
from app.domain.cards.tables import Card, ChargeOutcome, OffReason, Switch
from app.domain.events.tables import PaywallEvent
from app.domain.instance import instance
from app.domain.ledger.accounts import Account
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.domain.pricing.quote import Tokens
from app.domain.topups import topups as domain_topups
from app.domain.topups.surcharge import Surcharge
from app.domain.usage.requests import Metered
from app.flows.callers.asked import Action, Ask
from app.flows.callers.standing import Standings
from app.flows.cards import settings
from app.flows.cards.auto_topup import LOOK_SECONDS, ON_ITS_WAY, AutoTopups
from app.flows.chat.call import Run
from app.flows.limits.spending import SpendLimits
from app.flows.wallets.charge import Charges, ask_text
from app.keeper import Keeper
from app.ports.cards import ChargeState
from app.ports.payments import Marks
from tests.support.books import assert_books_balance, make_snapshot, running_queue
from tests.support.chat import Chat
from tests.support.crowd import connect, sign_in
from tests.support.crowd import top_up as give
from tests.support.paying import open_bank, world_cents
from tests.support.saved_cards import (
    BASE_URL,
    GENERIC,
    SANDBOX,
    STOLEN,
    TERMS,
    CardBank,
    balance,
    card_row,
    charge_ids,
    charging_of,
    mails,
    make_person,
    outcomes,
    row,
    save_card,
    spend_all,
    spend_all_but,
    switch,
    switch_on,
    topups_of,
)
from tests.support.scripted import COUNTER, Scripted, limiter, request
from tests.support.waiting import until

USE = Use("pw_1", "u1")
HOUR = 3_600


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def wait(self, seconds: int) -> None:
        self.now += seconds * clock.SECOND


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def begin(terms: Terms = TERMS) -> tuple[CardBank, Person, Card, Account, AutoTopups, KeptMailer]:
    bank, person, mailer = CardBank(open_bank().connection_id), make_person(), KeptMailer(clock.now)
    card = save_card(bank, person)
    wallet = switch_on(person, card, terms)
    return bank, person, card, wallet, topups_of(bank, mailer=mailer), mailer


def subjects(mailer: KeptMailer) -> list[str]:
    return sorted(kept.mail.subject for kept in mailer.kept())


@pytest.mark.unhurried
async def test_a_wallet_that_fell_below_is_filled_and_its_owner_told(database: str) -> None:
    _, person, _, wallet, topups, mailer = begin()
    assert (await topups.fill(wallet.owner, USE)).answer is Answer.CHARGE
    assert (await topups.fill(wallet.owner, USE)).answer is Answer.ENOUGH
    assert balance(person) == 2_000
    assert subjects(mailer) == ["Automatic top-up is on", "Automatic top-up of $20.00"]
    text = next(kept.mail.text for kept in mailer.kept() if "of $20.00" in kept.mail.subject)
    assert "Visa ···4242" in text and "20.00 USDC" in text and "$20.00 of $100.00" in text
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_burst_of_settlements_is_looked_at_once_and_the_last_one_always(database: str) -> None:
    bank, person, _, wallet, topups, _ = begin()
    for _ in range(50):
        topups.settled(wallet.owner, USE)
    await until(lambda: balance(person) == 2_000)
    spend_all(person)
    topups.settled(wallet.owner, USE)  # while the first look is still resting
    await until(lambda: balance(person) == 2_000 and len(bank.made) == 2)
    await topups._keeper.drain(LOOK_SECONDS * 20)
    assert len(bank.made) == 2 and topups._looking == {}


@pytest.mark.unhurried
async def test_who_has_no_money_reads_that_some_is_on_its_way(database: str) -> None:
    bank, person, _, wallet, topups, _ = begin()
    assert await topups.refused(wallet.owner, USE) == ON_ITS_WAY
    await until(lambda: balance(person) == 2_000)
    assert await topups.refused("wal_none", USE) == "" and len(bank.made) == 1
    await topups._keeper.drain(LOOK_SECONDS * 20)


@pytest.mark.unhurried
async def test_who_has_no_money_reads_that_the_bank_waits(database: str) -> None:
    bank, _, card, wallet, topups, mailer = begin()
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    await topups.fill(wallet.owner, USE)
    (charge_id,) = charge_ids(wallet)
    assert f"{BASE_URL}/confirm/{charge_id}/" in await topups.refused(wallet.owner, USE)
    mail = next(kept.mail for kept in mailer.kept() if kept.mail.subject == "Confirm your top-up of $20.00")
    assert f"{BASE_URL}/confirm/{charge_id}/" in mail.text


@pytest.mark.plain_sql
@pytest.mark.unhurried
async def test_declines_are_tried_at_one_seven_and_31_hours_and_then_never(database: str, at: Clock) -> None:
    """Acceptance 6: four attempts, two mails, nothing for 30 days; another fingerprint resumes at the next look."""
    bank, person, card, wallet, topups, mailer = begin()
    bank.behaves[card.ref] = GENERIC
    start, tried = at.now, []

    async def see() -> None:
        before = len(bank.made)
        await topups.sweep()
        if len(bank.made) > before:
            tried.append((at.now - start) // clock.SECOND)

    await topups.fill(wallet.owner, USE)
    tried.append(0)
    due = row(wallet).next_at
    while at.now - start < 40 * HOUR * clock.SECOND:
        at.wait(60)
        if at.now // clock.SECOND % 600 < 60:
            assert (await topups.fill(wallet.owner, USE)).answer in (Answer.PAUSED, Answer.OFF, Answer.CHARGE)
            due = row(wallet).next_at
        if due is not None and due <= at.now:
            await see()
            due = row(wallet).next_at
    assert len(bank.made) == 4 and switch(wallet) == (Switch.OFF, OffReason.DECLINES)
    for _ in range(30):
        at.wait(24 * HOUR)
        await topups.fill(wallet.owner, USE)
        await topups.sweep()
    assert len(bank.made) == 4
    assert subjects(mailer) == [
        "Automatic top-up is off", "Automatic top-up is on", "Your bank declined an automatic top-up",
    ]  # fmt: skip
    other = save_card(bank, person, "5555")
    await settings.use_card(person, SANDBOX, other.id)
    assert (await topups.fill(wallet.owner, USE)).answer is Answer.CHARGE
    assert balance(person) == 2_000


@pytest.mark.plain_sql
@pytest.mark.unhurried
async def test_the_pauses_are_kept_to_the_minute_by_the_sweep_alone(database: str, at: Clock) -> None:
    bank, _, card, wallet, topups, _ = begin()
    bank.behaves[card.ref] = GENERIC
    await topups.fill(wallet.owner, USE)
    for hours, count in ((1, 2), (6, 3), (24, 4)):
        at.wait(hours * HOUR - 60)
        assert not await topups.has_due()
        await topups.sweep()
        assert len(bank.made) == count - 1
        at.wait(60)
        assert await topups.has_due()
        await topups.sweep()
        assert len(bank.made) == count
    assert switch(wallet)[0] is Switch.OFF


@pytest.mark.unhurried
async def test_a_retry_is_dropped_once_the_balance_is_there(database: str, at: Clock) -> None:
    bank, person, card, wallet, topups, _ = begin()
    bank.behaves[card.ref] = GENERIC
    await topups.fill(wallet.owner, USE)
    give(person, 50 * NANOS)
    at.wait(HOUR)
    await topups.sweep()
    assert (len(bank.made), switch(wallet)[0]) == (1, Switch.ON)


async def test_the_sweep_begins_no_first_charge(database: str) -> None:
    bank, _, _, wallet, topups, _ = begin()
    await topups.sweep()
    assert bank.made == {} and outcomes(wallet) == []


@pytest.mark.unhurried
async def test_a_stolen_card_stops_after_one_attempt(database: str, at: Clock) -> None:
    bank, _, card, wallet, topups, mailer = begin()
    bank.behaves[card.ref] = STOLEN
    await topups.fill(wallet.owner, USE)
    at.wait(48 * HOUR)
    await topups.fill(wallet.owner, USE)
    await topups.sweep()
    assert len(bank.made) == 1 and switch(wallet) == (Switch.OFF, OffReason.HARD_DECLINE)
    assert "wants this card not to be charged again" in "".join(kept.mail.text for kept in mailer.kept())


@pytest.mark.unhurried
async def test_a_charge_that_waits_is_cancelled_when_its_wallet_is_paid_into(database: str, at: Clock) -> None:
    bank, person, card, wallet, topups, _ = begin()
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    await topups.fill(wallet.owner, USE)
    _pay_by_checkout(bank, wallet)
    await topups._charging.door.receive(bank.connection_id, "evt_1", "pi_checkout")
    assert balance(person) == 500
    await topups.sweep()
    assert (outcomes(wallet), bank.made["pi_0"].state) == ([ChargeOutcome.CANCELLED], ChargeState.CANCELLED)
    assert card_row(card).attempts == 0


@pytest.mark.unhurried
async def test_both_are_credited_where_the_old_one_was_confirmed_first(database: str) -> None:
    """Acceptance 8 as the design decides: two paid top-ups are both credited, and the mail offers the refund."""
    bank, person, card, wallet, topups, mailer = begin()
    bank.behaves[card.ref] = ChargeState.NEEDS_OWNER
    await topups.fill(wallet.owner, USE)
    _pay_by_checkout(bank, wallet)
    await topups._charging.door.receive(bank.connection_id, "evt_1", "pi_checkout")
    bank.confirmed("pi_0")
    await topups.sweep()
    assert (balance(person), outcomes(wallet)) == (2_500, [ChargeOutcome.PAID])
    text = next(kept.mail.text for kept in mailer.kept() if kept.mail.subject == "Two top-ups were credited")
    assert "Both were credited" in text and "refund within 14 days" in text
    assert bank.cents == 2_500 and bank.refunds == {}
    assert_books_balance()


def _pay_by_checkout(bank: CardBank, wallet: Account) -> None:
    with db.transaction() as session:
        made = domain_topups.create(session, domain_topups.NewTopup(wallet, bank.connection_id, "USD", 500, 5 * NANOS))
        bank.pay("pi_checkout", Marks(instance.read_id(session), made, wallet.id, 500, 5 * NANOS))


@pytest.mark.unhurried
async def test_a_backup_from_before_three_charges_keeps_the_cap_and_credits_all_three(migrated_sqlite_url: str) -> None:
    """Acceptance 16: the rows are gone, their payments come by the list, and nothing more fits into the month."""
    bank, person, _, wallet, topups, _ = begin(Terms(5 * NANOS, 2_000, 6_000))
    file = Path(migrated_sqlite_url.removeprefix("sqlite:///"))
    backup = file.with_name("backup.db")
    db.dispose()  # the last connection's end folds the WAL into the file
    shutil.copyfile(file, backup)
    for _ in range(3):
        await topups.fill(wallet.owner, USE)
        spend_all(person)
    assert len(bank.made) == 3 and len(charge_ids(wallet)) == 3
    db.dispose()
    shutil.copyfile(backup, file)
    assert charge_ids(wallet) == []
    door = topups._charging.door
    for number, ref in enumerate((*bank.made, *bank.made)):
        await door.receive(bank.connection_id, f"evt_{number}", ref)
    assert balance(person) == 6_000 and len(charge_ids(wallet)) == 3
    with db.transaction(writes=False) as session:
        assert sums.month_cents(session, wallet.owner, month_of(clock.now())) == 6_000
    spend_all(person)
    assert (await topups.fill(wallet.owner, USE)).answer is Answer.USED_UP
    assert len(bank.made) == 3
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_chat_that_leaves_too_little_fills_the_wallet_and_one_that_is_refused_says_so(database: str) -> None:
    """Through the real door: the settlement reads no row for it, and the hold that fits triggers nothing."""
    bank, snapshot = CardBank(open_bank().connection_id), make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    give(ada, 6 * NANOS)
    wallet = switch_on(ada, save_card(bank, ada))
    topups = topups_of(bank)
    async with running_queue() as queue:
        chat = Chat(queue, Scripted(), COUNTER, limiter(), topups=topups)
        run = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_1", None)
        assert isinstance(run, Run) and run.held.standing.tops_up_below == TERMS.threshold_nanos
        assert outcomes(wallet) == []
        spend_all_but(ada, 4 * NANOS)  # by another app
        await chat.settle(run, Metered(Tokens(10, 20)))
        await until(lambda: outcomes(wallet) == [ChargeOutcome.PAID])
        spend_all(ada)
        bank.behaves[save_card(bank, ada).ref] = ChargeState.NEEDS_OWNER
        ask = await chat.begin(snapshot, "u1", request(max_tokens=10), "req_2", None)
        assert isinstance(ask, Ask) and ask.action is Action.TOPUP and ask.beside == ON_ITS_WAY
        await until(lambda: outcomes(wallet)[-1] is ChargeOutcome.WAITS)
        await topups._keeper.drain(LOOK_SECONDS * 20)
    assert_books_balance()


@pytest.mark.unhurried
async def test_a_charge_by_an_app_fills_the_wallet_as_well(database: str) -> None:
    bank, snapshot = CardBank(open_bank().connection_id), make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada)
    give(ada, 6 * NANOS)
    wallet, topups = switch_on(ada, save_card(bank, ada)), topups_of(bank)
    async with running_queue() as queue:
        charges_ = Charges(queue, Standings(), SpendLimits(), 100, topups)
        charged = await charges_.charge(snapshot, "u1", 2 * NANOS, None, None, "req_1", None)
        assert charged.success
        await until(lambda: outcomes(wallet) == [ChargeOutcome.PAID])
        spend_all(ada)
        refused = await charges_.charge(snapshot, "u1", 15 * NANOS, None, None, "req_2", None)
        assert refused.refusal == "insufficient_funds" and refused.ask is not None
        assert ask_text(snapshot, refused.ask, "https://here/topup").endswith(f"\n\n{ON_ITS_WAY}")
        await until(lambda: outcomes(wallet) == [ChargeOutcome.PAID] * 2)
        await topups._keeper.drain(LOOK_SECONDS * 20)
    with db.transaction(writes=False) as session:
        told = [e.type for e in session.scalars(select(PaywallEvent))]
    assert told.count("paywall.auto.topup.completed") in (0, 2)  # only where somebody listens
    assert_books_balance()


async def test_a_charge_that_its_owners_own_cap_keeps_back_fills_nothing(database: str) -> None:
    bank, snapshot = CardBank(open_bank().connection_id), make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    await connect(snapshot, ada, cap_nanos=2 * NANOS)
    give(ada, 4 * NANOS)
    wallet, topups = switch_on(ada, save_card(bank, ada)), topups_of(bank)
    async with running_queue() as queue:
        charges_ = Charges(queue, Standings(), SpendLimits(), 100, topups)
        refused = await charges_.charge(snapshot, "u1", 3 * NANOS, None, None, "req_1", None)
        await topups._keeper.drain(LOOK_SECONDS * 20)
    assert refused.ask is not None and refused.ask.action is Action.LIMIT
    assert outcomes(wallet) == [] and bank.made == {}


@pytest.mark.unhurried
async def test_an_automatic_charge_costs_what_was_agreed_to_beside(database: str) -> None:
    bank, person = CardBank(open_bank().connection_id), make_person()
    card = save_card(bank, person)
    wallet = switch_on(person, card, replace(TERMS, fee_cents=60))
    for asked, paid in ((Surcharge(300, 0), 2_060), (Surcharge(0, 900), 2_060), (Surcharge(0, 10), 2_010)):
        charging = replace(charging_of(bank), costs=partial(Surcharge, asked.basis_points, asked.cents))
        topups = AutoTopups(charging, mails(), Keeper(), BASE_URL)
        assert (await topups.fill(wallet.owner)).answer is Answer.CHARGE
        assert bank.orders[-1].marks.paid_cents == paid and balance(person) == 2_000
        spend_all(person)
    with db.transaction(writes=False) as session:
        assert sums.month_cents(session, wallet.owner, month_of(clock.now())) == 6_130
    assert world_cents(bank.connection_id) == bank.cents
    assert_books_balance()
