"""What an answer costs at most is said before it is asked, of whatever may be asked, to whoever would pay."""

import pytest

from tests.support.talking import QUESTION, talking

pytestmark = pytest.mark.plain_sql
LONG = [{"role": role, "content": f"{role} said this at length. " * 1_200} for role in ("user", "assistant") * 4]
"""A conversation as it is after an hour; each question brings all of it."""


@pytest.mark.unhurried
async def test_a_question_says_what_it_may_cost_and_whether_that_can_be_paid(database: str) -> None:
    async with talking("ada@example.org") as (ada, nobody):
        free = await ada.page.post("/talk/most/chat", json={"model": "demo-free", "messages": QUESTION})
        assert free.json() == {"at_most": "1 credit", "is_enough": True, "beside": ""}
        assert free.headers["cache-control"] == "no-store"
        locked = await ada.page.post("/talk/most/chat", json={"model": "demo-mini", "messages": QUESTION})
        assert not locked.json()["is_enough"] and "first top-up" in locked.json()["beside"]
        several = {"models": ["demo-free", "demo-mini"], "messages": QUESTION}
        assert not (await ada.page.post("/talk/most/compare", json=several)).json()["is_enough"]
        for wrong, status in (({"model": "nothing", "messages": QUESTION}, 404), ([], 400), ({"model": "x"}, 400)):
            assert (await ada.page.post("/talk/most/chat", json=wrong)).status_code == status
        asked = {"model": "demo-free", "messages": QUESTION}
        assert (await nobody.page.post("/talk/most/chat", json=asked)).status_code == 401
        ada.page.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await ada.page.post("/talk/most/chat", json=asked)).status_code == 403


@pytest.mark.unhurried
async def test_a_long_conversation_is_answered_here_as_where_it_is_asked(database: str) -> None:
    async with talking("ada@example.org") as (ada, _nobody):
        messages = [*LONG, *QUESTION]
        assert sum(len(one["content"]) for one in messages) > 200_000
        said = await ada.page.post("/talk/most/chat", json={"model": "demo-free", "messages": messages})
        assert (said.status_code, said.json()["is_enough"]) == (200, True), said.text
        assert (await ada.ask(messages=messages)).status_code == 200
