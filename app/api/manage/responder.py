"""A developer sets up the endpoint that writes messages; its secret comes back once, as the answer of this POST."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import NotSignedIn
from app.domain.paywalls.members import find_manager
from app.flows.paywalls.change import change
from app.flows.paywalls.messages import Endpoint
from app.flows.people.sign_in import find_person

router = APIRouter(prefix="/manage", include_in_schema=False)

Typed = Annotated[str, Form(max_length=3_000)]


@router.post("/paywalls/{paywall_id}/responder", dependencies=[Depends(check_own_page)])
async def post_responder(
    request: Request, paywall_id: str, url: Typed = "", version: Typed = "", renew: Typed = ""
) -> JSONResponse:
    """Saves, with `renew` gives a new secret to, or without `url` takes away the endpoint, on the version shown."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to set up messages.")
    wired = wiring.get()
    operators = wired.settings.operators
    manager = await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))
    wanted = Endpoint(url.strip() or None, is_secret_new=renew == "yes")
    read = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else None
    made = await change(manager, wired.parts.endpoint, wanted, read)
    return JSONResponse({"secret": made.outcome, "version": made.version}, headers={"Cache-Control": "no-store"})
