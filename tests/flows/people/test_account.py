"""People change their own accounts, and get a new key's text once."""

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.money import NANOS, Environment
from app.domain.people.account_keys import find_owner
from app.domain.people.accounts import read_account
from app.flows.people.account import change_profile, make_account_key, revoke_account_key
from tests.support.crowd import sign_in

pytestmark = pytest.mark.plain_sql


async def test_a_profile_and_a_key_are_ones_own(database: str) -> None:
    (ada, _), (bob, _) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    await change_profile(ada, "Ada", 5 * NANOS)
    key, theirs = await make_account_key(ada, Environment.SANDBOX), await make_account_key(bob, Environment.LIVE)
    with pytest.raises(BadField):
        await change_profile(ada, "", NANOS)
    await revoke_account_key(bob)
    with db.transaction(writes=False) as session:
        assert (read_account(session, ada.account_id).name, read_account(session, bob.account_id).name) == (
            "Ada",
            "bob",
        )
        found = find_owner(session, key)
        assert found is not None and (found.account_id, found.environment) == (ada.account_id, Environment.SANDBOX)
        assert find_owner(session, theirs) is None
