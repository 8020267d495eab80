"""Making a developer's key: the answer of a POST from our own page holds it, once, and nothing else ever does."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app.api.common.visitor import check_own_page, session_token_of
from app.domain.errors import NotSignedIn
from app.flows.people.developer_keys import make_developer_key
from app.flows.people.sign_in import find_person

router = APIRouter(prefix="/auth", include_in_schema=False)


@router.post("/developer-key", dependencies=[Depends(check_own_page)])
async def post_developer_key(
    request: Request, name: Annotated[str, Form()] = "", may_write: Annotated[str, Form()] = ""
) -> JSONResponse:
    """Makes a key for whoever is signed in; it may change things only where `may_write` is `yes`."""
    person = await find_person(session_token_of(request))
    if person is None:
        raise NotSignedIn("Sign in to make a key.")
    key = await make_developer_key(person, name, may_write=may_write == "yes")
    return JSONResponse({"key": key}, headers={"Cache-Control": "no-store"})
