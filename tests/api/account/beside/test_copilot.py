"""What a program notes of its person's first steps stays, piece by piece, with that person."""

from typing import Any

import pytest

from tests.support.credits import open_credits
from tests.support.crowd import sign_in
from tests.support.own_api import own_program

pytestmark = pytest.mark.plain_sql


async def test_what_is_named_changes_and_the_rest_stays(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    bob, _ = await sign_in("bob@example.org")
    async with own_program(ada) as program, own_program(bob) as other:
        empty: dict[str, Any] = {"goal": None, "onboarded": False, "checklist": {}}
        assert (await program.get("/settings/copilot")).json() == empty
        await program.put("/settings/copilot", json={"goal": "cost", "checklist": {"key": True}})
        noted = (await program.put("/settings/copilot", json={"onboarded": True, "checklist": {"chat": False}})).json()
        assert noted == {"goal": "cost", "onboarded": True, "checklist": {"key": True, "chat": False}}
        assert (await program.get("/settings/copilot")).json() == noted
        assert (await other.get("/settings/copilot")).json() == empty
        wrongs: tuple[dict[str, Any], ...] = ({"goal": "x" * 201}, {"goal": 1}, {"onboarded": 1},
            {"checklist": {"a": "b"}}, {"checklist": []},
                      {"checklist": {str(step): True for step in range(51)}}, {"checklist": {"": True}})  # fmt: skip
        for wrong in wrongs:
            refused = await program.put("/settings/copilot", json=wrong)
            assert (refused.status_code, set(refused.json())) == (400, {"error", "code", "param"}), wrong
        assert (await program.get("/settings/copilot")).json() == noted
