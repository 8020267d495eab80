"""What is kept under a name is one account's, and the newest."""

from app import db
from app.domain.people.preferences import Preference, keep_preference, read_preference
from tests.support.saved_cards import make_person


def test_the_newest_counts_for_its_own_account(database: str) -> None:
    ada, bob = make_person(), make_person("bob@example.org")
    with db.transaction() as session:
        keep_preference(session, ada.account_id, Preference.COPILOT, {"goal": "a"})
        keep_preference(session, ada.account_id, Preference.COPILOT, {"goal": "€\n"})
    with db.transaction(writes=False) as session:
        assert read_preference(session, ada.account_id, Preference.COPILOT) == {"goal": "€\n"}
        assert read_preference(session, ada.account_id, Preference.OPTIMIZATION) == {}
        assert read_preference(session, bob.account_id, Preference.COPILOT) == {}
