"""Somebody who is signed in, as a browser on one of our own pages, at the API in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app import db, settings
from app.api.serving.asgi import dispatcher
from app.domain.people.sessions import Person, open_session
from tests.support.served import api

ORIGIN = "https://pay.example"


@asynccontextmanager
async def at_our_page(person: Person | None) -> AsyncIterator[httpx.AsyncClient]:
    """Yields what sends requests as a page of ours does, signed in as somebody or as nobody."""
    cookies = {}
    if person is not None:
        with db.transaction() as session:
            proven = person.proven_email
            cookies[settings.get().cookie("session")] = open_session(
                session, person.account_id, "email", proven, "Firefox", "10.0.0.1"
            )
    transport = httpx.ASGITransport(dispatcher(api()))
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=cookies, headers=headers) as client:
        yield client
