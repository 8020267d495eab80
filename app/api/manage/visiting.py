"""Who comes to a paywall's routes from our own pages: by their session, and by what they are to the paywall."""

from dataclasses import dataclass

from fastapi import Request

from app import db, wiring
from app.api.common.visitor import session_token_of
from app.domain.errors import NotSignedIn
from app.domain.paywalls.members import Manager, find_manager
from app.domain.people.sessions import Person
from app.flows.people.sign_in import find_person


@dataclass(frozen=True, slots=True)
class Visiting:
    """Somebody who is signed in, and what they are to a paywall."""

    person: Person
    manager: Manager


async def visiting_manager(request: Request, paywall_id: str) -> Visiting:
    """Returns who asks. Raises NotSignedIn, and NotFound for whoever is nothing to the paywall."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to look after a paywall.")
    operators = wiring.get().settings.operators
    manager = await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))
    return Visiting(person, manager)
