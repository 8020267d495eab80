"""Conversations on the chat page: listed, renamed and deleted by their owner, and by nobody else."""

from typing import Any

import pytest

from tests.support.talking import talking

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
async def test_they_are_their_owners_alone(database: str) -> None:
    async with talking("ada@example.org", "eve@example.org") as (ada, eve, nobody):
        empty, name = await ada.begin(), await ada.begin()
        await ada.ask(conversation_id=name)
        listed = (await ada.page.get("/talk/conversations")).json()
        assert [one["title"] for one in listed["conversations"]] == ["What is a coin slot?"] and not listed["has_more"]
        own = f"/talk/conversations/{name}"
        renamed = await ada.page.patch(own, json={"title": "Slots"})
        assert renamed.json()["title"] == "Slots"
        wrongs: list[Any] = [{}, {"title": 1}, {"title": "x" * 81}, []]
        for wrong in wrongs:
            assert (await ada.page.patch(own, json=wrong)).status_code == 400
        for stranger, status in ((eve, 404), (nobody, 401)):
            assert (await stranger.page.get(own)).status_code == status
            assert (await stranger.page.patch(own, json={"title": "Mine"})).status_code == status
            assert (await stranger.page.delete(own)).status_code == status
        ada.page.headers["Origin"] = "https://evil.example"
        assert (await ada.page.delete(own)).status_code == 403
        ada.page.headers["Origin"] = "https://pay.example"
        assert (await ada.page.delete(own)).json() == {"deleted": True}
        assert (await ada.page.get("/talk/conversations")).json()["conversations"] == []
        assert (await ada.page.get(f"/talk/conversations/{empty}")).json()["turns"] == []
