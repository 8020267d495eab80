"""What a page shows of payouts has a mark, which changes with each step and with nothing else."""

import pytest

from app import db
from app.domain import clock
from app.domain.money import Environment
from app.domain.payouts import addresses, batches, desk
from app.domain.payouts.tables import PayoutDesk
from app.flows.callers.marks import About, Marks, Subject, read_marks
from tests.support.managing import person
from tests.support.paying_out import CHAIN, ONE, RULES, ask, make_earner

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def marks_of(*subjects: Subject) -> Marks:
    with db.transaction(writes=False) as session:
        return read_marks(session, subjects)


def test_each_step_of_a_payout_changes_its_paywalls_mark(database: str) -> None:
    paywall, other = make_earner(20 * ONE), make_earner(20 * ONE)
    own = Subject(About.PAYOUTS, paywall)
    seen = [marks_of(own)]
    payout = ask(paywall, 6 * ONE, "0xAda")
    seen.append(marks_of(own))
    with db.transaction() as session:
        batches.open_batch(session, RULES, CHAIN, 100 * ONE, 3)
    seen.append(marks_of(own))
    ask(other, 6 * ONE, "0xBob")
    assert marks_of(own) == seen[-1]
    with db.transaction() as session:
        batches.note_paid(session, payout.id, "0x1", 1)
    seen.append(marks_of(own))
    assert len({repr(one) for one in seen}) == 4


def test_a_chains_mark_changes_when_it_is_read_and_a_persons_with_an_address(database: str) -> None:
    who = person("ada@example.org")
    chain, owner = Subject(About.CHAIN, str(CHAIN)), Subject(About.PERSON, who.account_id)
    before = marks_of(chain, owner)
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 1, "0xa")
        addresses.begin(session, who.account_id, Environment.SANDBOX, "0xAda")
    after = marks_of(chain, owner)
    assert before.get(chain) != after[chain] and before[owner] != after[owner]
    with db.transaction() as session:
        session.get_one(PayoutDesk, CHAIN).read_at = clock.now() + 1
    assert marks_of(chain)[chain] != after[chain]


def test_the_mark_of_a_pause_changes_with_pauses_alone(database: str) -> None:
    pausing = Subject(About.PAUSED, str(CHAIN))
    with db.transaction() as session:
        desk.open_desk(session, CHAIN, 1, "0xa")
    goes_on = marks_of(pausing)
    with db.transaction() as session:
        session.get_one(PayoutDesk, CHAIN).read_at = clock.now() + 1
    assert marks_of(pausing) == goes_on, "a chain is read every few seconds"
    with db.transaction() as session:
        desk.pause(session, CHAIN, "An operator wanted that.")
    assert marks_of(pausing) != goes_on
    with db.transaction() as session:
        desk.resume(session, CHAIN)
    assert marks_of(pausing) == goes_on
