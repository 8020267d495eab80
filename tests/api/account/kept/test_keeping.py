"""What is kept of an answer is what was sent, and it is there before the last of it is."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app import db, wiring
from app.api.account.kept.keeping import Keeping, Place, conversations
from app.domain.people.tables import PersonAccount
from app.flows.conversations.conversations import Turn
from app.formats.account.chat import event

pytestmark = pytest.mark.plain_sql

ADA = "acc_ada"
DELTA, DONE = event({"model": "demo", "delta": "Hello"}), event({"event": "done", "done": True, "credits_charged": 1})


class Client:
    """A client that notes, with each piece, how much of the conversation it would find."""

    def __init__(self) -> None:
        self.found: list[int] = []
        self.conversation_id = ""

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.found.append(len(await self.turns()))

    async def turns(self) -> list[Turn]:
        _, turns = await conversations().read(ADA, self.conversation_id)
        return list(turns)


@asynccontextmanager
async def answering(status: int = 200) -> AsyncIterator[tuple[Client, Keeping]]:
    with db.transaction() as session:
        session.add(PersonAccount(id=ADA, name="Ada", created_at=1))
    wiring.replace(wiring.Wiring())
    async with wiring.working():
        client = Client()
        keeping = Keeping(client.send)
        client.conversation_id = (await conversations().begin(ADA)).id
        keeping.place = Place(ADA, client.conversation_id, "chat", "Hi?")
        headers = [(b"content-type", b"text/event-stream"), (b"x-request-id", b"req_1")]
        await keeping.send({"type": "http.response.start", "status": status, "headers": headers})
        yield client, keeping


@pytest.mark.unhurried
async def test_whoever_has_read_it_to_its_end_finds_it(database: str) -> None:
    async with answering() as (client, keeping):
        await keeping.send({"type": "http.response.body", "body": DELTA, "more_body": True})
        await keeping.send({"type": "http.response.body", "body": DONE})
        assert client.found == [0, 0, 1]
        keeping.end()
        (turn,) = await client.turns()
    assert (turn.request_id, turn.said.question, turn.said.answers[0].text) == ("req_1", "Hi?", "Hello")
    assert not turn.said.answers[0].is_stopped and turn.said.beside == {"credits_charged": 1}


@pytest.mark.unhurried
async def test_of_one_whose_reader_went_away_what_was_sent_is_kept(database: str) -> None:
    async with answering() as (client, keeping):
        await keeping.send({"type": "http.response.body", "body": DELTA, "more_body": True})
        keeping.end()
        await wiring.get().keeper.drain(5)
        (turn,) = await client.turns()
    assert turn.said.answers[0].text == "Hello" and turn.said.answers[0].is_stopped


@pytest.mark.unhurried
async def test_of_an_error_nothing_is_kept_and_nothing_of_what_has_no_place(database: str) -> None:
    async with answering(402) as (client, keeping):
        await keeping.send({"type": "http.response.body", "body": b'{"error": "No.", "content": "?"}'})
        assert await client.turns() == []
        other = Keeping(client.send)
        await other.send({"type": "http.response.body", "body": DELTA})
        other.end()
        assert await client.turns() == []
