"""A look claims at most one charge, whoever looks at the same time, and a model of the whole agrees with the rows."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app import db, settings
from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import auto_topup, charges, claims
from app.domain.cards.claims import Looked
from app.domain.cards.rules import Answer, Terms
from app.domain.cards.sums import Use
from app.domain.cards.tables import Card, CardNotice, ChargeOutcome, NoticeKind, OffReason, Switch
from app.domain.errors import Refused
from app.domain.inbox import access
from app.domain.inbox.tables import ConnectionRow
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_all
from app.domain.money import NANOS
from app.domain.people.sessions import Person
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from app.domain.wallets.freezes import freeze
from app.domain.wallets.tables import FreezeReason
from app.sql.columns import table_of
from tests.support.books import assert_books_balance
from tests.support.saved_cards import (
    GENERIC,
    STOLEN,
    balance,
    claim,
    decline,
    make_person,
    outcomes,
    save_card,
    spend_all,
    switch,
    switch_on,
)

TERMS = Terms(5 * NANOS, 2_000, 5_000)
HOUR = 3_600 * clock.SECOND


def look(wallet: Account, *, is_clicked: bool = False) -> Looked:
    with db.transaction() as session:
        looked = claims.look(session, wallet.owner, use=Use("pw_1", "u1"), is_clicked=is_clicked)
        apply_all(session, looked.bumps)
        return looked


def beginning(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * clock.SECOND


def pay(charge_id: str) -> None:
    with db.transaction() as session:
        topup = topups.lock(session, "sandbox", charge_id)
        credit = topups.pay(session, topup, f"pay_{charge_id}")
        apply_all(session, [credit, *charges.note_paid(session, topup)])


def begin(terms: Terms = TERMS) -> tuple[Person, Account]:
    person = make_person()
    return person, switch_on(person, save_card("sandbox", person), terms)


def test_a_look_charges_what_is_below_and_only_that(database: str) -> None:
    person, wallet = begin()
    looked = look(wallet)
    assert looked.answer is Answer.CHARGE and looked.charge_id is not None
    assert look(wallet) == Looked(Answer.IN_FLIGHT, looked.charge_id)
    pay(looked.charge_id)
    assert (look(wallet).answer, balance(person)) == (Answer.ENOUGH, 2_000)
    assert_books_balance()


def test_a_card_of_an_account_that_takes_nothing_new_is_charged_no_more(database: str) -> None:
    person, wallet = begin()
    with db.transaction() as session:
        access.disconnect(session, "sandbox")
    assert look(wallet, is_clicked=True).answer is Answer.OFF
    assert (switch(wallet), outcomes(wallet)) == ((Switch.OFF, OffReason.CARD_REMOVED), [])
    with pytest.raises(Refused):
        claim(wallet, save_card("sandbox", person))
    with db.transaction(writes=False) as session:
        kinds = session.scalars(select(table_of(CardNotice).c.kind)).all()
        assert kinds.count(NoticeKind.SWITCHED_OFF) == 1


def test_who_is_charged_on_a_card_that_expires_soon_is_told_once(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, wallet = begin()
    monkeypatch.setattr(clock, "now", lambda: beginning(2029, 4))  # its card's last month
    for _ in range(2):
        spend_all(person)
        looked = look(wallet)
        assert looked.charge_id is not None
        pay(looked.charge_id)
    with db.transaction(writes=False) as session:
        told = session.scalars(select(CardNotice.kind).where(CardNotice.wallet_id == wallet.owner)).all()  # type: ignore[call-overload]
    assert told.count(NoticeKind.CARD_EXPIRES) == 1


def test_a_wallet_without_one_charges_nothing(database: str) -> None:
    with db.transaction() as session:
        assert claims.look(session, "wal_none").answer is Answer.OFF


@pytest.mark.postgres
def test_of_many_that_look_at_once_one_claims(migrated_postgres_url: str, data_dir: object) -> None:
    settings.configure(database_url=migrated_postgres_url)
    db.dispose()
    try:
        _, wallet = begin()
        with ThreadPoolExecutor(8) as pool:
            answers = [found.answer for found in pool.map(lambda _: look(wallet), range(16))]
        assert sorted(answers) == [Answer.CHARGE, *[Answer.IN_FLIGHT] * 15]
        assert len(outcomes(wallet)) == 1
    finally:
        db.dispose()
        settings.configure()


@pytest.mark.unhurried
def test_a_months_cap_holds_over_its_end_while_a_charge_is_unknown(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acceptance 4: cap $50, amount $20; never a third in a month, and the owner is told once."""
    person, wallet = begin()
    months = 6
    at = [clock.now() // clock.DAY * clock.DAY]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    year, month = 2027, 1
    unknown: str | None = None
    for _ in range(months):
        first = beginning(year, month)
        for day in range(20):
            at[0] = first + day * clock.DAY
            if unknown is not None:
                pay(unknown)  # of the month before, in whose cap it stays
                unknown = None
            spend_all(person)
            looked = look(wallet)
            if looked.answer is Answer.CHARGE and looked.charge_id is not None:
                pay(looked.charge_id)
        month, year = (month + 1, year) if month < 12 else (1, year + 1)
        at[0] = beginning(year, month) - 1
        spend_all(person)
        assert look(wallet).answer is Answer.USED_UP
    with db.transaction(writes=False) as session:
        rows = session.execute(select(Topup.month, Topup.n).where(Topup.wallet_id == wallet.owner)).all()  # type: ignore[call-overload]
        told = session.scalars(select(CardNotice).where(CardNotice.kind == NoticeKind.CAP_REACHED)).all()  # type: ignore[arg-type]
    assert len(rows) == 2 * months and sorted(n for _, n in rows) == [1] * months + [2] * months
    assert len([notice for notice in told if notice.wallet_id == wallet.owner]) == months


@pytest.mark.unhurried
def test_a_cap_lowered_below_what_is_pending_stops_only_what_is_not_claimed(database: str) -> None:
    person, wallet = begin()
    looked = look(wallet)
    assert looked.charge_id is not None
    with db.transaction() as session:
        found = auto_topup.find(session, wallet.owner, is_locked=True)
        assert found is not None
        apply_all(session, [auto_topup.lower(session, found, Terms(5 * NANOS, 2_000, 2_000))])
    pay(looked.charge_id)
    assert balance(person) == 2_000
    spend_all(person)
    assert look(wallet).answer is Answer.USED_UP and outcomes(wallet) == [ChargeOutcome.PAID]


@pytest.mark.unhurried
def test_the_fourth_charge_of_a_day_waits_for_a_click_which_lets_three_more_come(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, wallet = begin(Terms(5 * NANOS, 500, 10_000))
    at = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[0])

    def fill() -> Answer:
        at[0] += clock.SECOND
        spend_all(person)
        looked = look(wallet)
        if looked.answer is Answer.CHARGE and looked.charge_id is not None:
            pay(looked.charge_id)
        return looked.answer

    assert [fill() for _ in range(5)] == [*[Answer.CHARGE] * 3, *[Answer.NEEDS_CLICK] * 2]
    assert switch(wallet)[0] is Switch.CLICK
    at[0] += clock.SECOND
    clicked = look(wallet, is_clicked=True)
    assert clicked.answer is Answer.CHARGE and clicked.charge_id is not None
    pay(clicked.charge_id)
    assert [fill() for _ in range(4)] == [*[Answer.CHARGE] * 3, Answer.NEEDS_CLICK]
    assert_books_balance()


def test_a_frozen_wallet_and_a_connection_that_is_behind_charge_nothing(database: str) -> None:
    _, wallet = begin()
    with db.transaction() as session:
        session.get_one(ConnectionRow, "sandbox").key_sealed = "sealed"
    assert look(wallet).answer is Answer.BEHIND
    with db.transaction() as session:
        session.get_one(ConnectionRow, "sandbox").events_read_at = clock.now()
    with db.transaction() as session:
        apply_all(session, freeze(session, wallet.owner, FreezeReason.OPERATOR))
    assert look(wallet).answer is Answer.OFF


@dataclass
class Model:
    """What an automatic top-up is, in the simplest words: no rows, no locks, a list of what was paid when."""

    terms: Terms
    switch: Switch = Switch.ON
    reason: OffReason | None = None
    next_at: int = 0
    attempts: int = 0
    in_flight: str | None = None
    waits: bool = False
    cents: int = 0
    paid: list[tuple[int, int]] = field(default_factory=list)
    claimed_at: int = 0
    clicked_at: int = 0

    def look(self, now: int, *, is_clicked: bool) -> Answer:
        month = month_of(now)
        spent = sum(cents for at, cents in self.paid if month_of(at) == month)
        if self.switch is Switch.OFF:
            return Answer.OFF
        if self.in_flight is not None:
            return Answer.NEEDS_BANK if self.waits else Answer.IN_FLIGHT
        if self.cents * NANOS // 100 >= self.terms.threshold_nanos:
            self.switch = Switch.ON if self.switch is Switch.PAUSED else self.switch
            return Answer.ENOUGH
        if self.switch is Switch.PAUSED and not is_clicked and now < self.next_at:
            return Answer.PAUSED
        if spent + self.terms.amount_cents > self.terms.cap_cents:
            self.switch = Switch.ON if self.switch is Switch.PAUSED else self.switch
            return Answer.USED_UP
        since = max(now - clock.DAY, self.clicked_at)
        if not is_clicked and (self.switch is Switch.CLICK or len([at for at, _ in self.paid if at > since]) >= 3):
            self.switch = Switch.CLICK
            return Answer.NEEDS_CLICK
        if is_clicked:
            self.clicked_at = now
            self.switch = Switch.ON if self.switch is Switch.CLICK else self.switch
        self.attempts += 1
        self.claimed_at, self.waits = now, False
        return Answer.CHARGE

    def end(self) -> None:
        self.in_flight, self.waits = None, False

    def pay(self) -> None:
        self.paid.append((self.claimed_at, self.terms.amount_cents))
        self.cents += self.terms.amount_cents
        self.attempts = 0
        self.switch = Switch.ON if self.switch is Switch.PAUSED else self.switch
        if self.reason is OffReason.DECLINES:
            self.switch, self.reason = Switch.ON, None
        self.end()

    def no(self, now: int, *, is_hard: bool) -> None:
        if self.waits:
            self.attempts += 1
        if self.switch is not Switch.OFF:
            if is_hard or self.attempts >= 4:
                self.switch, self.reason = Switch.OFF, OffReason.HARD_DECLINE if is_hard else OffReason.DECLINES
            else:
                self.switch, self.next_at = Switch.PAUSED, now + (1, 6, 24)[max(self.attempts, 1) - 1] * HOUR
        self.end()


class Story:
    """One wallet and its model, to whom the same things happen."""

    def __init__(self, seed: int) -> None:
        self.dice, terms = random.Random(seed), Terms(5 * NANOS, 500, 3_000)
        self.person, self.wallet = begin(terms)
        self.model = Model(terms)

    def go_on(self, now: int) -> None:
        acts = (self.look, self.click, self.end, self.spend, self.switch_off, self.switch_on)
        self.dice.choices(acts, (8, 1, 8, 5, 1, 2))[0](now)

    def look(self, now: int, *, is_clicked: bool = False) -> None:
        answer, looked = self.model.look(now, is_clicked=is_clicked), look(self.wallet, is_clicked=is_clicked)
        assert looked.answer is answer
        if answer is Answer.CHARGE:
            self.model.in_flight = looked.charge_id

    def click(self, now: int) -> None:
        self.look(now, is_clicked=True)

    def end(self, now: int) -> None:
        charge_id = self.model.in_flight
        outcome = self.dice.choices(("pay", "no", "hard", "wait", "void"), (6, 6, 1, 2, 1))[0]
        if charge_id is None or (self.model.waits and outcome in ("wait", "void")):
            return
        if outcome == "pay":
            pay(charge_id)
            self.model.pay()
        elif outcome in ("no", "hard"):
            decline(charge_id, STOLEN if outcome == "hard" else GENERIC)
            self.model.no(now, is_hard=outcome == "hard")
        else:
            self.model.attempts -= 1
            with db.transaction() as session:
                if outcome == "wait":
                    charges.needs_owner(session, charge_id, f"pi_{charge_id}")
                    self.model.waits = True
                else:
                    charges.void(session, charge_id, "gone")
                    self.model.end()

    def spend(self, _now: int) -> None:
        spend_all(self.person)
        self.model.cents = 0

    def switch_off(self, _now: int) -> None:
        if self.model.switch is not Switch.OFF:
            with db.transaction() as session:
                apply_all(session, auto_topup.switch_off(session, self.wallet.owner, OffReason.BY_OWNER))
            self.model.switch, self.model.reason = Switch.OFF, OffReason.BY_OWNER

    def switch_on(self, _now: int) -> None:
        if self.model.switch is Switch.OFF:
            card = save_card("sandbox", self.person)
            with db.transaction() as session:
                session.get_one(Card, card.id).attempts = 0
            self.model.attempts = 0
            switch_on(self.person, card, self.model.terms)
            self.model.switch, self.model.reason = Switch.ON, None

    def compare(self) -> None:
        assert switch(self.wallet) == (self.model.switch, self.model.reason)
        assert balance(self.person) == self.model.cents


@pytest.mark.unhurried
@pytest.mark.parametrize("seed", range(4))
def test_rows_and_model_agree_whatever_comes_in_which_order(
    database: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"seed {seed}")  # shown when it fails
    dice, at = random.Random(seed), [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: at[0])
    story = Story(seed)
    for _ in range(70):
        at[0] += dice.choice((1, 60, 2 * 3_600, 12 * 3_600, 3 * 86_400)) * clock.SECOND
        story.go_on(at[0])
        story.compare()
    with db.transaction(writes=False) as session:
        rows = session.scalars(select(Topup).where(Topup.wallet_id == story.wallet.owner)).all()  # type: ignore[arg-type]
    assert sum(row.status is TopupStatus.PAID for row in rows) == len(story.model.paid)
    assert all(row.kind is TopupKind.AUTO for row in rows) and len({(r.month, r.n) for r in rows}) == len(rows)
    assert_books_balance()


@pytest.mark.unhurried
def test_a_click_lets_nothing_come_beyond_the_cap(database: str) -> None:
    person, wallet = begin(Terms(5 * NANOS, 2_000, 2_000))
    looked = look(wallet)
    assert looked.charge_id is not None
    pay(looked.charge_id)
    spend_all(person)
    assert look(wallet, is_clicked=True).answer is Answer.USED_UP


@pytest.mark.unhurried
def test_a_charge_by_hand_is_in_the_way_and_in_no_cap(database: str) -> None:
    person, wallet = begin(Terms(5 * NANOS, 2_000, 2_000))
    card = save_card("sandbox", person)
    by_hand = claim(wallet, card, 700, TopupKind.CARD)
    assert look(wallet).answer is Answer.IN_FLIGHT
    pay(by_hand)
    assert balance(person) == 700
    spend_all(person)
    assert look(wallet).answer is Answer.CHARGE
