"""What an account wants kept is its own choice, and can be taken back."""

import pytest

from app import db
from app.domain.conversations import conversations
from app.domain.people.tables import PersonAccount
from app.flows.conversations.privacy import Privacy, delete_all, read_privacy, set_zero_retention

pytestmark = pytest.mark.plain_sql


async def test_conversations_are_kept_until_somebody_wants_otherwise(database: str) -> None:
    with db.transaction() as session:
        session.add(PersonAccount(id="acc_ada", name="Ada", created_at=1))
        session.flush()
        conversations.begin(session, "acc_ada")
    assert await read_privacy("acc_ada") == Privacy(zero_retention=False, conversations=1)
    assert await delete_all("acc_ada") == 1
    assert await set_zero_retention("acc_ada", is_on=True) == 0
    assert await read_privacy("acc_ada") == Privacy(zero_retention=True, conversations=0)
