"""An operator is whose sign-in has proven an operator's address, and what they do is logged."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.operators.operators import find_operator, note_change, read_changes
from tests.support.managing import OPERATOR, person

ADDRESSES = frozenset({OPERATOR})


def test_who_has_proven_no_address_of_an_operator_is_none(database: str) -> None:
    operator = find_operator(person(OPERATOR), ADDRESSES)
    for who in (person("ada@example.org"), person(OPERATOR, is_proven=False)):
        with pytest.raises(NotFound):
            find_operator(who, ADDRESSES)
    with pytest.raises(NotFound):
        find_operator(person(OPERATOR), frozenset())
    with db.transaction() as session:
        note_change(session, operator, "wal_1", {"frozen": True})
        note_change(session, operator, "wal_2", {"frozen": False})
    with db.transaction(writes=False) as session:
        found = read_changes(session, 9)
        assert [(one.about, one.what, one.made_by) for one in found] == [
            ("wal_2", {"frozen": False}, operator.account_id), ("wal_1", {"frozen": True}, operator.account_id),
        ]  # fmt: skip
        assert len(read_changes(session, 1)) == 1


def test_what_was_done_within_one_millisecond_is_told_in_its_order(database: str) -> None:
    operator = find_operator(person(OPERATOR), ADDRESSES)
    with db.transaction() as session:
        for number in range(20):
            note_change(session, operator, f"wal_{number}", {"frozen": True})
    with db.transaction(writes=False) as session:
        assert [one.about for one in read_changes(session, 20)] == [f"wal_{number}" for number in reversed(range(20))]
