"""The help as the published clients call it: free, about this product only, with sections that can be opened."""

from app.flows.help.desk import NOTHING
from tests.support.own_demo import OwnDemo

ASK = "/api/v1/settings/copilot/ask"


def test_a_question_is_answered_for_nothing_with_sections_to_open(with_credits: OwnDemo) -> None:
    own = with_credits.client
    before = own.get("/api/v1/credits/balance").json()
    body = {"question": "How do I connect Stripe?", "path": "/docs", "context": {"page": "settings"}}
    answer = own.post(ASK, json=body).json()
    assert answer["found"] and answer["credits_charged"] == 0
    assert "Stripe" in answer["answer"] and 1 <= len(answer["citations"]) <= 3
    assert all(set(one) == {"id", "title", "url"} and "/help/?page=" in one["url"] for one in answer["citations"])
    assert own.get("/api/v1/credits/balance").json() == before


def test_what_is_about_something_else_is_one_sentence(with_credits: OwnDemo) -> None:
    answer = with_credits.client.post(ASK, json={"question": "What's the capital of France?"}).json()
    assert answer == {"answer": NOTHING, "found": False, "citations": [], "credits_charged": 0}


def test_what_is_no_question_is_refused_by_name(with_credits: OwnDemo) -> None:
    own = with_credits.client
    for body in ({}, {"question": 7}, {"question": ""}, {"question": "x" * 1_001}, {"question": "Stripe?", "tools": 1}):
        refused = own.post(ASK, json=body)
        assert refused.status_code == 400 and set(refused.json()) == {"error", "code", "param"}
    assert own.post(ASK, content=b"[1]").status_code == 400
    stranger = own.post(ASK, json={"question": "Stripe?"}, headers={"Authorization": "Bearer sk-nothing"})
    assert stranger.status_code == 401 and set(stranger.json()) == {"error", "code"}
