"""Privacy over real HTTP, in the clients' words: what is asked for by itself deletes nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.own_demo import OwnDemo
from tests.support.server import QUESTION

PATH = "/api/v1/settings/privacy"


@pytest.fixture
def put(with_credits: OwnDemo) -> Iterator[Any]:
    def send(**wanted: object) -> Any:
        answer = with_credits.client.put(PATH, json=wanted)
        return answer.json() if answer.status_code == 200 else answer.status_code

    yield send
    send(zero_retention_mode=False)


@pytest.mark.unhurried
def test_zero_retention_deletes_what_there_is_and_keeps_nothing_more(with_credits: OwnDemo, put: Any) -> None:
    own = with_credits.client
    name = own.post("/api/v1/conversations", json={}).json()["id"]
    kept = own.get(PATH).json()
    assert kept["zero_retention_mode"] is kept["data_training_opt_in"] is False and kept["stored_conversations"] >= 1
    # The client of PyPI sends `purge_existing_data` with whatever it changes.
    assert put(purge_existing_data=True, data_training_opt_in=False)["purged_conversations"] == 0
    assert put(purge_existing_data=True, zero_retention_mode=False)["stored_conversations"] >= 1
    on = put(purge_existing_data=True, zero_retention_mode=True)
    assert on["zero_retention_mode"] is True and on["purged_conversations"] == kept["stored_conversations"]
    assert own.get(f"/api/v1/conversations/{name}").status_code == 404
    again = own.post("/api/v1/conversations", json={}).json()["id"]
    body = {"model": "demo-free", "messages": QUESTION, "stream": False, "conversation_id": again}
    assert own.post("/api/v1/chat", json=body).status_code == 200
    assert own.get(f"/api/v1/conversations/{again}").json()["messages"] == []


def test_what_is_not_offered_is_said(with_credits: OwnDemo, put: Any) -> None:
    assert put(data_training_opt_in=True) == put(zero_retention_mode="yes") == put(other=1) == 400
    assert put(zero_retention_mode=True, purge_existing_data=False) == 400
    assert with_credits.client.put(PATH, json=[1]).status_code == 400
    assert with_credits.client.get(PATH).json()["zero_retention_mode"] is False
