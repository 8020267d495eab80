"""A mail that is stored is sent by one at a time, until it was, and given up after a day."""

from app import db
from app.domain import clock
from app.domain.alerts import kept
from app.domain.alerts.mailing import LEASE_SECONDS, TRIES_MAX
from tests.support.rolled import hands


def due() -> list[str]:
    with db.transaction(writes=False) as session:
        return [mail.id for mail in kept.list_due(session, 9)]


def claim(mail_id: str) -> bool:
    with db.transaction() as session:
        return kept.claim(session, mail_id)


def test_a_mail_is_claimed_by_one_and_again_when_it_was_not_sent(database: str) -> None:
    with hands() as at:
        with db.transaction() as session:
            kept.keep(session, ["a@example.org", "b@example.org"], "Paused", "Look.")
            assert kept.has_due(session)
        first, second = due()
        assert claim(first) and not claim(first) and claim(second)
        with db.transaction() as session:
            kept.note_sent(session, second)
            assert not kept.has_due(session)
        at.go_on(LEASE_SECONDS + 1)
        assert due() == [first]
        for tries in range(1, TRIES_MAX):
            assert claim(first)
            at.go_on(LEASE_SECONDS * 2**tries + 1)
        assert due() == [] and not claim(first)
    assert clock.DAY < LEASE_SECONDS * 2**TRIES_MAX * clock.SECOND
