"""Stripe's webhooks over HTTP: what is answered to whom."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app import db, wiring
from app.api.common.body import EVENT_BYTES_MAX
from app.api.serving.asgi import dispatcher
from app.domain.inbox import access
from app.domain.inbox.connections import open_connection
from app.domain.money import Environment
from tests.support.paying import open_events
from tests.support.served import api
from tests.support.stripe_shop import signed

SECRET = "whsec_1"
REFUND: dict[str, Any] = {"id": "evt_1", "object": "event", "type": "refund.created", "created": 7, "livemode": False,
                          "data": {"object": {"id": "re_1", "object": "refund", "metadata": {}}}}  # fmt: skip


@pytest.fixture
async def client(database: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(dispatcher(api()))
    with capture_logs():
        async with httpx.AsyncClient(transport=transport, base_url="http://coinslot") as made:
            yield made
        await wiring.get().keeper.drain(10)
    wiring.replace(None)


@pytest.fixture
def connection_id(database: str) -> str:
    with db.transaction() as session:
        made = open_connection(session, "stripe", Environment.SANDBOX)
        access.keep_key(session, made.id, "sealed", account=None, settles_usd=None)
        return made.id


def keep_secret(connection_id: str) -> None:
    sealed = wiring.get().box.seal(SECRET, access.secret_context(connection_id, "we_1"))
    with db.transaction() as session:
        access.keep_endpoint(session, connection_id, "we_1", sealed)


async def send(client: httpx.AsyncClient, connection_id: str, event: object, secret: str = SECRET) -> httpx.Response:
    body, signature = signed(event, secret)
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json; charset=utf-8"}
    return await client.post(f"/stripe/webhook/{connection_id}", content=body, headers=headers)


async def test_each_sender_gets_the_answer_that_it_understands(client: httpx.AsyncClient, connection_id: str) -> None:
    assert (await send(client, connection_id, REFUND)).status_code == 503
    keep_secret(connection_id)
    assert (await send(client, connection_id, REFUND, "whsec_2")).status_code == 400
    assert (await client.post(f"/stripe/webhook/{connection_id}", content=b"{}")).status_code == 400
    assert (await send(client, connection_id, b"{}")).status_code == 400
    assert (await send(client, "con_none", REFUND)).status_code == 404
    assert (await client.get(f"/stripe/webhook/{connection_id}")).status_code == 405
    assert open_events() == 0
    answers = [await send(client, connection_id, REFUND) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"received": True})] * 2
    assert open_events() == 1


@pytest.mark.plain_sql
@pytest.mark.slow
async def test_five_hundred_events_of_another_app_are_answered_and_nothing_is_stored(
    client: httpx.AsyncClient, connection_id: str
) -> None:
    """Only many show that none of them leaves a row or a line behind."""
    keep_secret(connection_id)
    order = {"id": "pi_1", "object": "payment_intent", "metadata": {"order": "7"}}
    for number in range(500):
        event = {**REFUND, "id": f"evt_{number}", "type": "payment_intent.succeeded", "data": {"object": order}}
        assert (await send(client, connection_id, event)).status_code == 200
    assert open_events() == 0


async def test_an_event_has_at_most_a_megabyte(client: httpx.AsyncClient, connection_id: str) -> None:
    keep_secret(connection_id)
    filled = json.dumps({**REFUND, "x": ""})
    most = {**REFUND, "x": "x" * (EVENT_BYTES_MAX - len(filled))}
    assert (await send(client, connection_id, most)).status_code == 200
    assert (await send(client, connection_id, {**most, "x": str(most["x"]) + "x"})).status_code == 413
