"""An exchange on the wire: a head that cannot be written was not begun."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from app.api.v1.exchange import NO_ACTION, Exchange


def test_headers_of_requests_are_text_and_none_where_there_are_none() -> None:
    exchange = Exchange({}, lambda _: asyncio.sleep(0), "req_1", {b"x-paywall-user": b"ad\xe9"})
    assert (exchange.text(b"x-paywall-user"), exchange.text(b"x-paywall-state")) == ("ad\xe9", None)


async def test_an_answer_whose_head_cannot_be_written_has_not_begun() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    exchange = Exchange({"coinslot.headers": None}, send, "req_1", {})
    with pytest.raises(TypeError):
        await exchange.answer(200, b"{}", NO_ACTION)
    assert (exchange.has_begun, sent) == (False, [])
    exchange.scope["coinslot.headers"] = [(b"x-request-id", b"req_1")]
    await exchange.answer(200, b"{}", NO_ACTION)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
