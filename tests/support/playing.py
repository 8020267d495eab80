"""A playground that is open, and browsers that visit it, at the API in this process."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app import db, wiring
from app.domain.money import NANOS
from app.domain.paywalls.modes import Mode
from app.domain.playground.playground import read_playground, set_playground
from app.flows.callers.snapshot import Snapshot, read_open_playground
from tests.support.books import give, make_snapshot
from tests.support.own_pages import at_our_page

QUESTION = {"model": "demo-mini", "messages": [{"role": "user", "content": "What is a coin slot?"}]}


def open_playground(paywall_id: str, requests_per_hour: int = 200) -> str:
    """Opens a paywall's playground, and returns the last part of its address."""
    with db.transaction() as session:
        set_playground(session, paywall_id, is_open=True, requests_per_hour=requests_per_hour)
        return str(read_playground(session, paywall_id).slug)


@dataclass
class Heard:
    """What a stream said: its chunks, what it told of its cost, and whether it came to its end."""

    answer: httpx.Response
    chunks: list[dict[str, Any]]
    costs: list[str]
    is_done: bool

    @property
    def text(self) -> str:
        deltas = (choice["delta"] for chunk in self.chunks for choice in chunk.get("choices", ()))
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def paywall(self) -> dict[str, Any]:
        """What the last chunk says for programs."""
        return dict(next((chunk["paywall"] for chunk in reversed(self.chunks) if "paywall" in chunk), {}))


@dataclass
class Player:
    """A browser on the page of a playground."""

    page: httpx.AsyncClient
    slug: str

    async def visit(self) -> dict[str, Any]:
        return dict((await self.page.post(f"/play/{self.slug}/visit")).raise_for_status().json())

    async def ask(self, question: Any = None, **headers: str) -> Heard:
        return heard(await self.page.post(f"/play/{self.slug}/chat", json=question or QUESTION, headers=headers))

    async def receipt(self, request_id: str) -> httpx.Response:
        return await self.page.get(f"/play/{self.slug}/receipts/{request_id}")


def heard(answer: httpx.Response) -> Heard:
    """Takes a stream apart; an error has no chunks."""
    chunks, costs, is_done = [], [], False
    if answer.headers["content-type"].startswith("text/event-stream"):
        for event in filter(None, answer.text.split("\n\n")):
            name, data = "", ""
            for line in event.split("\n"):
                name = line.removeprefix("event: ") if line.startswith("event: ") else name
                data = line.removeprefix("data: ") if line.startswith("data: ") else data
            if name == "cost":
                costs.append(json.loads(data)["about"])
            elif data == "[DONE]":
                is_done = True
            elif data:
                chunks.append(json.loads(data))
    return Heard(answer, chunks, costs, is_done)


@dataclass
class Playground:
    """An open playground of a paywall with the demo's provider."""

    snapshot: Snapshot
    slug: str

    @asynccontextmanager
    async def player(self) -> AsyncIterator[Player]:
        """Yields a browser that nobody knows yet."""
        async with at_our_page(None) as page:
            yield Player(page, self.slug)

    def user_of(self, visit: dict[str, Any]) -> str:
        """Returns who a visitor is to the app, as the link for more money says."""
        path = visit["wallet"]["add"].rstrip("/").split("/")
        links = wiring.get().links
        return (links.open_topup if path[-2] == "topup" else links.open_connect)(path[-1]).user

    async def pay(self, visit: dict[str, Any], nanos: int = NANOS) -> str:
        """Gives a visitor money as the app's own rails would; returns who they are."""
        user = self.user_of(visit)
        await give(self.snapshot, user, nanos)
        return user


@asynccontextmanager
async def playing(mode: Mode = Mode.DEFAULT, requests_per_hour: int = 200) -> AsyncIterator[Playground]:
    """Runs this process with a playground that is open."""
    snapshot = make_snapshot(mode=mode)
    slug = open_playground(snapshot.paywall_id, requests_per_hour)
    wiring.replace(wiring.Wiring())
    async with wiring.working() as wired:
        with db.transaction(writes=False) as session:
            seen = read_open_playground(session, slug, wired.links.base_url)
        yield Playground(seen, slug)
