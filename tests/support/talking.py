"""Somebody on the chat page, at the API in this process, with credits of the demo's provider."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import httpx

from app import settings, wiring
from app.api.common.caller import watching
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from tests.support.credits import FREE, PRICED, open_credits, someone_with_key
from tests.support.own_pages import at_our_page
from tests.support.pauses import no_pauses

QUESTION = [{"role": "user", "content": "What is a coin slot?"}]


@dataclass
class Talker:
    """A browser on the chat page; `person` is who is signed in."""

    page: httpx.AsyncClient
    person: Person | None

    async def ask(self, mode: str = "chat", *, again: str = "", **more: Any) -> httpx.Response:
        """Asks the free model, unless something else is said; in other modes than `chat`, what is said alone."""
        headers = {"X-Talk-Again": again} if again else {}
        body = {**({"model": "demo-free"} if mode == "chat" else {}), "messages": QUESTION, **more}
        return await self.page.post(f"/talk/{mode}", json=body, headers=headers)

    async def begin(self) -> str:
        """Opens a conversation."""
        made = await self.page.post("/talk/conversations")
        return str(made.raise_for_status().json()["id"])


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    """Returns what a stream said, event by event."""
    lines = (line for line in answer.text.split("\n") if line.startswith("data:"))
    return [json.loads(line[5:]) for line in lines]


@asynccontextmanager
async def talking(
    *emails: str, prices: Sequence[NewPrice] = (FREE, PRICED), has_pauses: bool = False
) -> AsyncIterator[list[Talker]]:
    """Runs this process with credits in it, and yields a browser for each of some people, and one for nobody; with
    pauses, what is said takes as long as it takes people."""
    settings.configure(data=settings.get().data, database_url=settings.get().database_url, is_demo=True, credits=True)
    await open_credits(prices)
    made = wiring.Wiring()
    with nullcontext() if has_pauses else no_pauses():
        _ = made.providers  # they are made when they are asked for
    wiring.replace(made)
    async with wiring.working(), watching():
        people = [(await someone_with_key(email))[0] for email in emails]
        async with AsyncExitStack() as opened:
            yield [Talker(await opened.enter_async_context(at_our_page(one)), one) for one in (*people, None)]
