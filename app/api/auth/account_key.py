"""Making an account's API key: the answer of a POST from our own page holds it, once, and nothing else ever does."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import NotSignedIn
from app.flows.people.account import make_account_key
from app.flows.people.sign_in import find_person
from app.wiring.rules import credits_environment_of

router = APIRouter(prefix="/auth", include_in_schema=False)


@router.post("/account-key", dependencies=[Depends(check_own_page)])
async def post_account_key(request: Request) -> JSONResponse:
    """Makes a new key for whoever is signed in; the one before stops working."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to make a key.")
    key = await make_account_key(person, credits_environment_of(wiring.get().settings))
    return JSONResponse({"key": key}, headers={"Cache-Control": "no-store"})
