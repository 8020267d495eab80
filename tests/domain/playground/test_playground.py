"""A playground is closed until it is opened, at an address that nobody can guess and that is never used again."""

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.paywalls.archiving import set_archived
from app.domain.paywalls.paywall import lock_paywall
from app.domain.playground.playground import (
    REQUESTS_PER_HOUR_MAX,
    Playground,
    find_playground,
    is_slug,
    is_token,
    new_token,
    read_playground,
    set_playground,
    visitor_of,
)
from app.domain.wallets.wallets import check_user
from app.flows.callers.snapshot import read_epochs
from tests.support.books import make_paywall


def set_to(paywall_id: str, *, is_open: bool, requests_per_hour: int = 200) -> Playground:
    with db.transaction() as session:
        set_playground(session, paywall_id, is_open=is_open, requests_per_hour=requests_per_hour)
        return read_playground(session, paywall_id)


def test_it_is_closed_until_it_is_opened_and_has_a_new_address_each_time(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        assert read_playground(session, paywall_id) == Playground(None, 200)
    first = set_to(paywall_id, is_open=True).slug
    assert first is not None and is_slug(first)
    assert set_to(paywall_id, is_open=True, requests_per_hour=7) == Playground(first, 7)
    closed = set_to(paywall_id, is_open=False)
    second = set_to(paywall_id, is_open=True).slug
    assert closed.slug is None and second not in (None, first)
    assert set_to(other, is_open=True).slug != second
    with db.transaction(writes=False) as session:
        assert find_playground(session, str(second)) == paywall_id
        assert [find_playground(session, text) for text in (first, "", "x" * 22, "é" * 22, "\0" * 22)] == [None] * 5


def test_one_of_an_archived_paywall_is_nowhere(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        set_playground(session, paywall_id, is_open=True, requests_per_hour=1)
        slug = str(read_playground(session, paywall_id).slug)
        set_archived(session, lock_paywall(session, paywall_id), is_archived=True)
        assert find_playground(session, slug) is None
        set_archived(session, lock_paywall(session, paywall_id), is_archived=False)
        assert find_playground(session, slug) == paywall_id


def test_what_changes_it_tells_every_process_and_what_does_not_tells_nobody(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        subject = f"playground:{paywall_id}"
        seen = []
        for is_open, most in ((False, 200), (True, 200), (True, 200), (True, 300), (False, 300)):
            is_new = set_playground(session, paywall_id, is_open=is_open, requests_per_hour=most)
            seen.append((is_new, read_epochs(session, (subject,)).get(subject, 0)))
    assert seen == [(False, 0), (True, 1), (False, 1), (True, 2), (True, 3)]


@pytest.mark.parametrize("most", [0, -1, REQUESTS_PER_HOUR_MAX + 1, 2**70])
def test_a_bound_that_is_none_is_refused(database: str, most: int) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        with pytest.raises(BadField, match="requests_per_hour"):
            set_playground(session, paywall_id, is_open=True, requests_per_hour=most)
        assert read_playground(session, paywall_id) == Playground(None, 200)


def test_a_visitor_is_somebody_else_in_each_paywall_and_their_id_does_not_say_what_they_keep() -> None:
    token = new_token()
    one, other = visitor_of("pw_1", token), visitor_of("pw_2", token)
    assert is_token(token) and one == visitor_of("pw_1", token) and one != other and token not in one
    assert check_user(one, "user").startswith("play_") and not is_token(one)
    assert not any(map(is_token, ("", "x" * 31, "x" * 33, "ä" * 32, "../" + "x" * 29)))
