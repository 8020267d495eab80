"""Nothing is remembered, and that is said in objects."""

import pytest

from tests.support.credits import open_credits
from tests.support.crowd import sign_in
from tests.support.own_api import own_program

pytestmark = pytest.mark.plain_sql


async def test_there_is_nothing_and_it_is_not_enabled(database: str) -> None:
    await open_credits()
    ada, _ = await sign_in("ada@example.org")
    async with own_program(ada) as program:
        assert (await program.get("/memory?limit=3")).json() == {
            "enabled": False, "memories": [], "total": 0, "limit": 3,
        }  # fmt: skip
        found = (await program.get("/memory/search?q=%E2%82%AC&top_k=2&min_score=0.5")).json()
        assert (found["enabled"], found["results"], found["query"]) == (False, [], "€")
        assert (await program.delete("/memory")).json() == {"enabled": False, "deleted": 0}
        assert (await program.delete("/memory/mem_1")).json()["deleted"] == 0
        assert (await program.get("/memory/search")).status_code == 400
