"""Who wants nothing kept has nothing kept, and what there was is gone."""

import pytest

from app import db
from app.domain.conversations import conversations, privacy
from app.domain.conversations.conversations import KeptTurn
from app.domain.people.tables import PersonAccount

pytestmark = pytest.mark.plain_sql


def test_switching_it_on_deletes_what_is_that_accounts_and_nobody_elses(database: str) -> None:
    with db.transaction() as session:
        session.add_all(PersonAccount(id=one, name=one, created_at=1) for one in ("acc_ada", "acc_bob"))
        session.flush()
        for account_id in ("acc_ada", "acc_bob"):
            made = conversations.begin(session, account_id)
            conversations.add(session, account_id, KeptTurn(f"req_{account_id}", made.id, "chat", "sealed", 1), None)
    with db.transaction() as session:
        assert not privacy.keeps_nothing(session, "acc_ada")
        assert privacy.set_zero_retention(session, "acc_ada", is_on=True) == 1
    with db.transaction() as session:
        assert privacy.keeps_nothing(session, "acc_ada") and not privacy.keeps_nothing(session, "acc_bob")
        assert conversations.turns_of(session, "acc_ada", ["req_acc_ada"]) == {}
        assert (conversations.count(session, "acc_ada"), conversations.count(session, "acc_bob")) == (0, 1)
        assert privacy.set_zero_retention(session, "acc_ada", is_on=False) == 0
        assert not privacy.keeps_nothing(session, "acc_ada")
        assert privacy.delete_all(session, "acc_bob") == 1
