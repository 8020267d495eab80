"""Who calls a route of our own pages: whoever is signed in, and what they are to a paywall."""

from fastapi import Request

from app import db, wiring
from app.api.common.visitor import session_token_of
from app.domain.errors import NotSignedIn
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.people.sign_in import find_person


async def person_of(request: Request) -> Person:
    """Returns who is signed in. Raises NotSignedIn."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to see this.")
    return person


async def manager_of(request: Request, paywall_id: str) -> Manager:
    """Returns what the visitor is to a paywall. Raises NotSignedIn, and NotFound where they are nothing to it."""
    person = await person_of(request)
    operators = wiring.get().settings.operators
    return await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))
