"""Conversations over real HTTP, as the published clients ask for them."""

import sqlite3

import httpx
import pytest

from tests.support import migrated
from tests.support.own_demo import OwnDemo

CANARY = "canary-sings-at-dawn"
ASKED = [{"role": "user", "content": f"What is {CANARY}?"}]


def begin(own: OwnDemo) -> str:
    made = own.client.post("/api/v1/conversations", json={})
    assert made.status_code == 200 and made.json()["title"] is None
    name: str = made.json()["id"]
    return name


def ask(own: OwnDemo, conversation_id: str, **more: object) -> httpx.Response:
    body = {"model": "demo-free", "messages": ASKED, "conversation_id": conversation_id, "stream": False, **more}
    return own.client.post("/api/v1/chat", json=body)


@pytest.mark.unhurried
def test_a_conversation_lives_as_the_clients_have_it(with_credits: OwnDemo) -> None:
    own, name = with_credits.client, begin(with_credits)
    whole, streamed = ask(with_credits, name), ask(with_credits, name, stream=True)
    assert whole.status_code == streamed.status_code == 200
    renamed = own.patch(f"/api/v1/conversations/{name}", params={"title": "API smoke room"})
    assert renamed.json()["title"] == "API smoke room"
    listed = own.get("/api/v1/conversations?limit=10").json()
    assert listed["conversations"][0]["id"] == name and listed["total"] >= 1
    found = own.get(f"/api/v1/conversations/{name}").json()
    said = [(one["role"], one["content"]) for one in found["messages"]]
    answer = ("assistant", whole.json()["content"])
    assert said == [("user", ASKED[0]["content"]), answer] * 2, "streamed or not, the same is kept"
    assert own.delete(f"/api/v1/conversations/{name}").json() == {"id": name, "deleted": True}
    gone = own.get(f"/api/v1/conversations/{name}")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert ask(with_credits, name).status_code == 404, "nothing is asked in one that is gone"


@pytest.mark.unhurried
def test_nothing_is_kept_without_a_conversation_and_nothing_stands_anywhere_unsealed(with_credits: OwnDemo) -> None:
    own, name = with_credits.client, begin(with_credits)
    ask(with_credits, name)
    plain = own.post("/api/v1/chat", json={"model": "demo-free", "messages": ASKED, "stream": False})
    detail = own.get(f"/api/v1/history/{plain.json()['id']}").json()
    assert detail["messages"] == [] and detail["conversation_id"] is None
    database = with_credits.demo.data / migrated.FILE
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as stored:
        written = "\n".join(stored.iterdump())
    assert name in written and CANARY not in written
    assert CANARY not in with_credits.demo.log.read_text()


def test_a_stranger_finds_none_of_it(with_credits: OwnDemo) -> None:
    name = begin(with_credits)
    base = f"{with_credits.demo.base_url}/api/v1/conversations/{name}"
    apps = {"Authorization": f"Bearer {with_credits.demo.key}"}
    assert httpx.get(base).status_code == 401 and httpx.get(base, headers=apps).status_code == 403
    for method, path in (
        ("GET", "/conv_of_another"), ("PATCH", "/conv_of_another"), ("DELETE", "/conv_of_another"),
        ("GET", "/é"),
    ):  # fmt: skip
        answer = with_credits.client.request(method, f"/api/v1/conversations{path}")
        assert answer.status_code == 404 and answer.json().keys() == {"error", "code"}, path
