"""Somebody's own program, which calls the account API in this process with their account's key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app import db, wiring
from app.api.serving.asgi import dispatcher
from app.domain.people.account_keys import make_account_key
from app.domain.people.sessions import Person
from tests.support.crowd import SANDBOX
from tests.support.served import api

SITE = "http://coinslot"


@asynccontextmanager
async def own_program(person: Person) -> AsyncIterator[httpx.AsyncClient]:
    """Yields what calls with a new key of a person's; whatever it set going has ended afterwards."""
    with db.transaction() as session:
        key = make_account_key(session, person.account_id, SANDBOX)
    transport = httpx.ASGITransport(dispatcher(api()))
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url=f"{SITE}/api/v1", headers=headers) as made:
        yield made
    await wiring.get().keeper.drain(10)
    wiring.replace(None)
