"""A mark changes with whatever a page shows, and with nothing else; one statement asks for all of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from app import db
from app.domain import clock, rows
from app.domain.authorizations import authorizations
from app.domain.authorizations.caps import cap_id
from app.domain.disputes.tables import DisputeState, Funds
from app.domain.drafts import drafts
from app.domain.drafts.tables import PaywallDraft
from app.domain.ids import new_id
from app.domain.inbox.inbox import ObjectKind
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply
from app.domain.money import NANOS, Environment
from app.domain.paywalls import configuration
from app.domain.paywalls.modes import Mode
from app.domain.people import accounts, sessions
from app.domain.people.account_keys import make_account_key, revoke_account_key
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.sessions import Person
from app.domain.pricing.quote import Tokens
from app.domain.refunds.tables import RefundStatus
from app.domain.safety.log import Stopped, row_of
from app.domain.safety.tables import SafetyKind
from app.domain.topups import topups
from app.domain.topups.topups import NewTopup
from app.domain.usage.requests import Metered
from app.domain.wallets.freezes import freeze
from app.domain.wallets.shared import shared_account
from app.domain.wallets.tables import FreezeReason
from app.flows.callers import marks
from app.flows.callers.marks import About, Marks, Subject, purse_subjects, read_marks
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.flows.disputes.give_back import refund_unspent
from app.flows.paywalls.change import change
from app.flows.paywalls.owners import archive
from app.flows.paywalls.users import Block, blocks
from app.flows.people.consent import change_cap, revoke_link
from app.ports.payments import RefundState
from tests.support.books import make_snapshot, running_queue
from tests.support.credits import credits_account, open_credits, someone_with_key
from tests.support.crowd import connect, sign_in, top_up
from tests.support.handed import mint_menu, open_menu
from tests.support.managing import owner_of
from tests.support.plans import plan_of, watched
from tests.support.rolled import App, count_all, hands
from tests.support.scripted import Scripted, flows, request
from tests.support.taking_back import begin_shared, house_of, open_taking_bank, someone


def marks_of(*subjects: Subject) -> Marks:
    with db.transaction(writes=False) as session:
        return read_marks(session, subjects)


def purse(person: Person) -> Account:
    return shared_account(person.account_id, Environment.SANDBOX)


async def add_identity(person: Person) -> None:
    with db.transaction() as session:
        accounts.add_identity(session, person.account_id, ProvenIdentity("https://idp.example", "sub", "IdP"))


async def make_key(person: Person) -> None:
    with db.transaction() as session:
        make_account_key(session, person.account_id)


async def revoke_key(person: Person) -> None:
    with db.transaction() as session:
        revoke_account_key(session, person.account_id)


async def rename(person: Person) -> None:
    with db.transaction() as session:
        accounts.change_profile(session, person.account_id, "Countess", 9 * NANOS)


async def sign_in_again(person: Person) -> None:
    await sign_in(person.email or "")


@pytest.mark.parametrize("change", [add_identity, make_key, rename, sign_in_again])
async def test_what_a_person_has_changes_their_mark(database: str, change: Callable[[Person], Awaitable[None]]) -> None:
    person, _ = await sign_in("ada@example.org")
    subject = Subject(About.PERSON, person.account_id)
    before = marks_of(subject)
    assert before[subject] and marks_of(subject) == before
    await change(person)
    assert marks_of(subject) != before


async def test_a_key_that_is_revoked_changes_it_too(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    await make_key(person)
    subject = Subject(About.PERSON, person.account_id)
    before = marks_of(subject)
    await revoke_key(person)
    assert marks_of(subject) != before


async def test_a_session_has_a_mark_for_as_long_as_it_is_good(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    subject = Subject(About.SESSION, person.session_id)
    assert subject in marks_of(subject)
    with db.transaction() as session:
        sessions.revoke_session(session, person.account_id, person.session_id)
    assert subject not in marks_of(subject)


async def test_money_that_comes_or_goes_changes_a_wallets_mark(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    seen = purse_subjects(purse(person))
    before = marks_of(*seen)
    top_up(person, NANOS)
    with_money = marks_of(*seen)
    assert with_money != before
    with db.transaction() as session:
        topups.create(session, NewTopup(purse(person), "sandbox", "USD", 500, 5 * NANOS))
    assert marks_of(*seen) != with_money


@pytest.mark.unhurried
async def test_what_goes_back_and_what_freezes_changes_a_wallets_mark(database: str) -> None:
    bank, (ada, wallet) = open_taking_bank(), someone()
    house, marks, seen = house_of(bank), begin_shared(wallet, bank.connection_id, 2_000), purse_subjects(wallet)
    await house.door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))
    found = [marks_of(*seen)]
    bank.refund_state = RefundState.PENDING
    with capture_logs():
        given = await refund_unspent(house.refunds, ada, marks.topup_id, "c1", 500)
        found.append(marks_of(*seen))
        bank.own_states[given.refund_id] = RefundStatus.SUCCEEDED
        await house.door.receive(bank.connection_id, "e2", f"re_{given.refund_id}", ObjectKind.REFUND)
        found.append(marks_of(*seen))
        bank.dispute("dp_1", "pi_1", 100, DisputeState.INQUIRY, Funds.KEPT)
        await house.door.receive(bank.connection_id, "e3", "dp_1", ObjectKind.DISPUTE)
    found.append(marks_of(*seen))
    with db.transaction() as session:
        apply(session, freeze(session, wallet.owner, FreezeReason.OPERATOR))
    found.append(marks_of(*seen))
    assert all(found[place] != found[place + 1] for place in range(4))
    assert marks_of(*seen) == found[-1]


async def test_an_app_and_a_cap_change_theirs(database: str) -> None:
    person, _ = await sign_in("ada@example.org")
    snapshot: Snapshot = make_snapshot(mode=Mode.SHARED)
    seen = (
        Subject(About.EPOCH, authorizations.epoch_subject(snapshot.paywall_id, "u1")),
        Subject(About.EPOCH, configuration.epoch_subject(snapshot.paywall_id)),
        Subject(About.CAP, cap_id(person.account_id, snapshot.paywall_id)),
        Subject(About.PERSON, person.account_id),
    )
    found = [marks_of(*seen)]
    await connect(snapshot, person)
    found.append(marks_of(*seen))
    await change_cap(person, snapshot.paywall_id, 7 * NANOS)
    found.append(marks_of(*seen))
    await revoke_link(person, open_menu(mint_menu(snapshot.paywall_id, "u1")))
    found.append(marks_of(*seen))
    assert all(found[place] != found[place + 1] for place in range(3))
    assert marks_of(*seen) == found[-1]


async def test_what_is_changed_of_a_paywall_by_hand_changes_its_mark(database: str) -> None:
    paywall_id = make_snapshot().paywall_id
    ada = owner_of(paywall_id)
    seen = Subject(About.PAYWALL, paywall_id)
    found = [marks_of(seen)]
    await change(ada, blocks(), Block("u1", is_blocked=True))
    found.append(marks_of(seen))
    await change(ada, archive(), True)
    found.append(marks_of(seen))
    assert found[0][seen] and found[0] != found[1] != found[2]
    assert marks_of(seen) == found[-1]


async def test_what_is_counted_of_a_paywall_changes_its_mark(database: str) -> None:
    with hands() as at:
        app = App()
        app.fund()
        seen = Subject(About.NUMBERS, app.id)
        found = [marks_of(seen)]
        for _ in range(2):
            at.go_on(1)
            app.chat()
            assert marks_of(seen) == found[-1]
            count_all()
            found.append(marks_of(seen))
        assert found[0] != found[1] != found[2]
        assert marks_of(seen) == found[-1]


async def test_one_statement_asks_for_all_of_them(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    subjects = [Subject(about, f"id-{number}") for about in About for number in range(200)]
    assert marks_of(*subjects) == {}
    assert len([statement for statement in asked if "ledger_epoch" in statement]) == 1
    monkeypatch.setattr(marks, "SUBJECTS_MAX", len(subjects) - 1)
    asked.clear()
    assert marks_of(*subjects) == {} and len([one for one in asked if "SELECT" in one]) == 2
    asked.clear()
    marks_of(*(subject for subject in subjects if subject.about is About.EPOCH))
    assert [("ledger_epoch" in one, "UNION" in one) for one in asked if "SELECT" in one] == [(True, False)]


def test_nothing_open_asks_for_nothing(database: str) -> None:
    assert marks_of() == {}


async def test_what_comes_to_a_new_paywall_moves_the_mark_of_whoever_waits_for_it(database: str) -> None:
    snapshot = make_snapshot()
    waiting = Subject(About.ARRIVALS, snapshot.paywall_id)
    assert waiting not in marks_of(waiting), "nobody waits for it"
    account_id, now = owner_of(snapshot.paywall_id).account_id or "", clock.now()
    plan = drafts.Plan("Quill", Mode.DEFAULT, Environment.SANDBOX)
    with db.transaction() as session:
        session.add(PaywallDraft(paywall_id=snapshot.paywall_id, account_id=account_id, content=plan.to_json(),
                                 created_at=now, changed_at=now, made_at=now))  # fmt: skip
    seen = [marks_of(waiting)[waiting]]
    asked = drafts.Asked("ada", "insufficient_funds", "m", "req_1", now)
    with db.transaction() as session:
        drafts.note_asked(session, snapshot.paywall_id, asked)
    seen.append(marks_of(waiting)[waiting])
    assert seen[0] != seen[1]


@pytest.mark.unhurried
async def test_what_a_wallet_is_used_for_changes_its_mark_though_it_costs_nothing(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    wallet = Subject(About.USES, credits_account(ada).owner)
    seen = [marks_of(wallet)]
    async with running_queue() as queue:
        chat, _ = flows(queue, Scripted())
        asked = request(model="demo-free", max_tokens=40)
        runs = [await chat.begin(snapshot, ada.account_id, asked, new_id("req"), None) for _ in range(2)]
        seen.append(marks_of(wallet))
        for run in runs:
            assert isinstance(run, Run)
            await chat.settle(run, Metered(Tokens(10, 0)))
            seen.append(marks_of(wallet))
    assert len({str(found) for found in seen}) == len(seen) and marks_of(wallet) == seen[-1]
    with db.transaction() as session:
        rows.write(session, [row_of(Stopped(SafetyKind.LIMIT, "x"), new_id("req"), "pw_1", wallet.id, None)])
    assert marks_of(wallet) != seen[-1]
    assert marks_of(Subject(About.USES, "nobody's")) == {}
    with db.transaction(writes=False) as session, watched(session) as said:
        read_marks(session, [wallet])
        plans = " ".join(plan_of(session, *one) for one in list(said))
    assert not db.is_sqlite() or ("ix_request_wallet" in plans and "SCAN request" not in plans)
