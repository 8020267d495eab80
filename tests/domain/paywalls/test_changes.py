"""What was changed is written once, and read newest first."""

from app import db
from app.domain.paywalls.changes import CATALOGUE, Section, note_change, read_changes
from tests.support.books import make_paywall


def test_changes_are_read_newest_first_each_paywall_its_own(database: str) -> None:
    with db.transaction() as session:
        mine, theirs = (make_paywall(session, {}) for _ in range(2))
        for number, section in enumerate(Section):
            note_change(session, mine, "acc_1", section, number, {"changed": [section.value]})
        note_change(session, theirs, CATALOGUE, Section.PRICES, 7, {"prices": ["m"]})
        note_change(session, theirs, None, Section.OWNER, 7, {"from": None, "to": "acc_1"})
    with db.transaction(writes=False) as session:
        found = read_changes(session, mine, 100)
        assert sorted(change.version for change in found) == list(range(len(Section)))
        assert found == sorted(found, key=lambda change: change.id, reverse=True)
        assert read_changes(session, mine, 2) == found[:2]
        assert {(change.made_by, change.what["changed"][0] == change.section) for change in found} == {("acc_1", True)}
        assert {change.made_by for change in read_changes(session, theirs, 9)} == {CATALOGUE, None}
        assert read_changes(session, "pw_none", 9) == []
