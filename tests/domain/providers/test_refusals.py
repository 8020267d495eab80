"""What a provider refuses stands there since it began, in its newest words, until it answers."""

from dataclasses import replace

from app import db
from app.domain.providers.refusals import WORDS_CHARACTERS_MAX, Refusal, forget, list_all, list_of, note
from tests.support.books import make_paywall


def test_a_refusal_goes_on_since_it_began_and_says_what_was_said_last(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        first = Refusal(paywall_id, "own", 401, "No such key.", 100, 100)
        note(session, first)
        note(session, replace(first, status=402, words="x" * 1_000, since=300, last_at=300))
        note(session, replace(first, words="Older, and late.", since=200, last_at=200))
        note(session, replace(first, paywall_id=other, since=50, last_at=50))
        stands = Refusal(paywall_id, "own", 402, "x" * WORDS_CHARACTERS_MAX, 100, 300)
        assert list_of(session, paywall_id) == [stands]
        assert [found.paywall_id for found in list_all(session)] == [other, paywall_id]


def test_it_is_forgotten_as_far_as_it_is_older_than_the_answer(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        for name in ("own", "other"):
            note(session, Refusal(paywall_id, name, 401, "", 100, 100))
        forget(session, paywall_id, "own", until=99)
        assert [found.provider for found in list_of(session, paywall_id)] == ["other", "own"]
        forget(session, paywall_id, "own", until=100)
        forget(session, paywall_id, "nobody")
        assert [found.provider for found in list_of(session, paywall_id)] == ["other"]
        forget(session, paywall_id, "other")
        assert list_of(session, paywall_id) == []
