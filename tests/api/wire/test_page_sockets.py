"""The gate between browsers and Reflex: who comes in, what passes, what is told on, and what ends when."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from app import settings
from app.api.wire import page_sockets
from app.api.wire.page_sockets import PageSockets
from app.api.wire.socket_messages import Calls
from app.domain.limits.budgets import Allowance
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql

TOKEN = "0b0c4f3e-8f5e-4a51-9a55-1d5a1f1f0001"
CALLS = Calls({"ours.pay": {}, "ours.watch": {}}, frozenset({"state.boot"}), frozenset({"ours.watch"}))
CONNECT = "40/_event,"
Message = MutableMapping[str, Any]


def said(name: str = "ours.pay") -> str:
    return f"42/_event,{json.dumps(['event', {'name': name, 'payload': {}}])}"


class Keeper:
    """Notes which pages are open."""

    def __init__(self) -> None:
        self.open: dict[str, tuple[str, str]] = {}
        self.opened_count = 0
        self.loaded_tokens: list[str] = []

    def opened(self, token: str, peer: str, session_id: str) -> None:
        self.open[token] = (peer, session_id)
        self.opened_count += 1

    def loaded(self, token: str) -> None:
        self.loaded_tokens.append(token)

    def closed(self, token: str) -> None:
        del self.open[token]


class Inner:
    """Stands where Reflex is: greets, hears everything to the end, and keeps it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.scopes: list[MutableMapping[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            return
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["text"])
            if message["text"].startswith(CONNECT):
                await send({"type": "websocket.send", "text": '40/_event,{"sid":"s"}'})


class House:
    """A gate with what stands around it."""

    def __init__(self) -> None:
        self.inner, self.keeper = Inner(), Keeper()
        self.gate = PageSockets(self.inner, CALLS, self.keeper)

    async def talk(self, *texts: str, token: str = TOKEN, peer: str = "10.0.0.9", waits: Any = None) -> list[Message]:
        """Lets a browser say these texts and leave; returns what it was sent."""
        sent: list[Message] = []
        waiting = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": text} for text in texts)]

        async def receive() -> Message:
            if waiting:
                return waiting.pop(0)
            if waits is not None:
                await waits
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "websocket", "path": "/_event/", "client": (peer, 1), "headers": [(b"host", b"h")],
                 "query_string": f"token={token}&EIO=4&transport=websocket".encode(), "subprotocols": []}  # fmt: skip
        await self.gate(scope, receive, send)
        return sent


@pytest.fixture
def house(database: str) -> House:
    page_sockets.dropped.clear()
    return House()


async def test_a_page_comes_in_is_heard_and_leaves(house: House) -> None:
    sent = await house.talk(CONNECT, said(), "3", said("ours.watch"))
    assert [text.split(",")[0] for text in house.inner.heard] == ["40/_event", "42/_event", "3", "42/_event"]
    assert [message["type"] for message in sent] == ["websocket.accept", "websocket.send"]
    assert house.keeper.opened_count == 1 and not house.keeper.open and not page_sockets.dropped


async def test_a_page_that_was_loaded_anew_is_told_from_one_whose_socket_is_back(house: House) -> None:
    for payload in ({}, {"hashes": ["ab12"]}):
        booted = {"event": {"name": "state.boot", "payload": payload}}
        await house.talk(f"{CONNECT}{json.dumps(booted)}", said())
        assert house.keeper.loaded_tokens == ([TOKEN] if payload else [])


async def test_what_may_not_pass_is_dropped_and_counted(house: House) -> None:
    await house.talk(said(), CONNECT, CONNECT, said("reflex.state.setvar"), "451-x", "x" * 100_000, said())
    assert [text.split(",")[0] for text in house.inner.heard] == ["40/_event", "42/_event"]
    assert page_sockets.dropped == {"shape": 4, "handler": 1}


@pytest.mark.parametrize("text", ["1", "41/_event,"])
async def test_leaving_the_namespace_ends_the_socket(house: House, text: str) -> None:
    await house.talk(CONNECT, text)
    assert house.inner.heard == [CONNECT, "1"]


async def test_a_socket_says_so_much_at_once(house: House) -> None:
    await house.talk(CONNECT, *[said()] * 300)
    assert len(house.inner.heard) == page_sockets.SAID.at_once
    assert page_sockets.dropped["rate"] == 301 - page_sockets.SAID.at_once


async def test_a_socket_reads_its_whole_page_less_often(house: House) -> None:
    await house.talk(CONNECT, *[said("ours.watch")] * 40)
    assert len(house.inner.heard) == page_sockets.READ.at_once


async def test_all_sockets_of_a_peer_share_what_it_may_say(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sockets, "SAID_BY_PEER", Allowance(10, 0))
    house = House()
    for _ in range(5):
        await house.talk(CONNECT, *[said()] * 5)
    assert len(house.inner.heard) == 5 + 10
    await house.talk(CONNECT, said(), peer="10.0.0.10")
    assert len(house.inner.heard) == 5 + 10 + 2


@pytest.mark.races
async def test_a_peer_opens_so_many_and_this_process_too(house: House, data_dir: Any) -> None:
    settings.configure(data=data_dir, database_url=settings.get().database, sockets_max=3, sockets_of_address_max=2)
    over = asyncio.Event()
    tokens = [TOKEN[:-1] + str(number) for number in range(6)]
    open_now = [
        asyncio.create_task(house.talk(CONNECT, token=token, peer=peer, waits=over.wait()))
        for token, peer in zip(tokens, ("a", "a", "b"), strict=False)
    ]
    await until(lambda: len(house.keeper.open) == 3)
    for token, peer in ((tokens[3], "a"), (tokens[4], "c")):
        (refused,) = await house.talk(CONNECT, token=token, peer=peer)
        assert refused["type"] == "websocket.close"
    over.set()
    await asyncio.gather(*open_now)
    assert not house.keeper.open and page_sockets.dropped["crowd"] == 2
    assert len(await house.talk(CONNECT, token=tokens[5], peer="c")) == 2


async def test_a_peer_opens_so_many_in_a_moment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sockets, "OPENED", Allowance(2, 0))
    house = House()
    found = [(await house.talk(CONNECT))[0]["type"] for _ in range(3)]
    assert found == ["websocket.accept", "websocket.accept", "websocket.close"]


async def test_a_socket_that_never_says_whose_it_is_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_sockets, "CONNECT_SECONDS_MAX", 0.1)
    await house.talk(waits=asyncio.sleep(30))
    assert page_sockets.dropped["idle"] == 1 and not house.keeper.open


@pytest.mark.races
async def test_a_doubled_tab_is_told_its_token_behind_the_welcome(house: House) -> None:
    over = asyncio.Event()
    first = asyncio.create_task(house.talk(CONNECT, waits=over.wait()))
    await until(lambda: TOKEN in house.keeper.open)
    sent = await house.talk(CONNECT)
    assert sent[1]["text"].startswith("40/_event,") and sent[2]["text"].startswith('42/_event,["new_token"')
    assert TOKEN not in sent[2]["text"] and TOKEN in house.keeper.open
    over.set()
    assert len(await first) == 2


@pytest.mark.parametrize(
    ("path", "is_there"),
    [("/_event/", False), ("/_event", False), ("/_upload", False), ("/_health", False), ("/ping", False),
     ("/auth-codespace", False), ("/_all_routes", False), ("/wallet/", True), ("/pingpong", True)],
)  # fmt: skip
async def test_the_frameworks_own_routes_are_not_there(house: House, path: str, is_there: bool) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await house.gate({"type": "http", "path": path, "method": "GET"}, lambda: None, send)  # type: ignore[arg-type,return-value]
    assert sent[0]["status"] == (200 if is_there else 404)
