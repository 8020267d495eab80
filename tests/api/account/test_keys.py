"""A key says what it is, ends itself at once, and makes no other."""

import pytest

from app import db
from app.domain.people.account_keys import find_owner
from tests.support.credits import open_credits
from tests.support.crowd import sign_in
from tests.support.own_api import own_program

pytestmark = pytest.mark.plain_sql


async def test_a_key_is_known_and_revoked_by_itself_alone(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    bob, _ = await sign_in("bob@example.org")
    async with own_program(ada) as program, own_program(bob) as other:
        key = program.headers["authorization"].removeprefix("Bearer ")
        known = (await program.get("/keys/info")).json()
        assert (known["last_four"], known["prefix"]) == (key[-4:], "sk-coinslot-user-")
        assert (known["environment"], known["has_key"]) == ("sandbox", True) and key not in str(known)
        refused = await program.post("/keys/generate", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "session_required")
        assert (await program.delete("/keys/revoke")).json() == {"revoked": True}
        again = await program.get("/keys/info")
        assert (again.status_code, again.json()["code"]) == (401, "invalid_api_key")
        read = await program.get("/credits/balance")
        assert (read.status_code, read.json()["code"]) == (401, "invalid_api_key"), "here nobody waits for a poll"
        with db.transaction(writes=False) as session:
            assert find_owner(session, key) is None
        assert (await other.get("/keys/info")).status_code == 200
