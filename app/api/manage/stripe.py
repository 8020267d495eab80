"""A developer gives us the key of their Stripe account, by a POST from our own page; no answer ever has it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import NotSignedIn
from app.domain.paywalls.members import find_manager
from app.flows.paywalls.payments import connect
from app.flows.people.sign_in import find_person

router = APIRouter(prefix="/manage", include_in_schema=False)

KEY_CHARACTERS_MAX = 1_000


@router.post("/paywalls/{paywall_id}/stripe", dependencies=[Depends(check_own_page)])
async def post_stripe_key(request: Request, paywall_id: str, key: Annotated[str, Form()] = "") -> JSONResponse:
    """Connects the account that a restricted key opens, or changes the key of the one that is connected."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to connect Stripe.")
    wired = wiring.get()
    operators = wired.settings.operators
    manager = await db.in_transaction(lambda session: find_manager(session, person, operators, paywall_id))
    kept = await connect(wired.stripe.endpoints, manager, key[:KEY_CHARACTERS_MAX])
    return JSONResponse({"said": "connected" if kept.is_new else "changed"}, headers={"Cache-Control": "no-store"})
