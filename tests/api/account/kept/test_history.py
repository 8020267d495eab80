"""The history of an account: its requests, with what was said where a conversation keeps it."""

import pytest

from tests.support.own_demo import OwnDemo
from tests.support.server import QUESTION


@pytest.mark.unhurried
def test_requests_are_listed_and_opened_with_their_texts(with_credits: OwnDemo) -> None:
    own = with_credits.client
    name = own.post("/api/v1/conversations", json={}).json()["id"]
    body = {"model": "demo-free", "messages": QUESTION, "stream": False, "conversation_id": name}
    asked = own.post("/api/v1/chat", json=body).json()
    listed = own.get("/api/v1/history?limit=1").json()
    (line,) = listed["history"]
    assert line == {
        "id": asked["id"], "mode": "chat", "model": "demo-free", "status": "settled", "credits_charged": 1,
        "prompt_tokens": asked["prompt_tokens"], "completion_tokens": asked["completion_tokens"], "cost": 0.01,
        "byok": False, "conversation_id": name, "created_at": line["created_at"],
    }  # fmt: skip
    assert listed["total"] >= 1 and (listed["limit"], listed["offset"]) == (1, 0)
    detail = own.get(f"/api/v1/history/{asked['id']}").json()
    assert [one["content"] for one in detail["messages"]] == [QUESTION[0]["content"], asked["content"]]
    assert own.get("/api/v1/history", params={"search": asked["id"]}).json()["total"] == 1
    assert own.get("/api/v1/history", params={"mode": "judge"}).json()["total"] == 0
    assert own.get("/api/v1/history/req_of_another").status_code == 404
    assert own.get("/api/v1/history?limit=0").status_code == 400
