"""Signing in with an Ethereum account: a text to sign for our own page's script, then a form with the signature."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse

from app import wiring
from app.api.auth.sign_in import YES, Adding, Next, back, entered
from app.api.common.visitor import TEXT_COOKIE, check_own_page, cookie_of, keep_cookie, visit_of
from app.domain.errors import Refused
from app.domain.people.sign_in_texts import TEXT_SECONDS
from app.flows.callers.links import own_page

router = APIRouter(prefix="/auth/ethereum", include_in_schema=False, dependencies=[Depends(check_own_page)])

CHARACTERS_MAX = 5_000


@router.post("/text")
async def post_text(request: Request, address: Annotated[str, Form()] = "", adding: Adding = "") -> JSONResponse:
    """Answers with the text that an account is to sign, in this browser; `adding` it to who is signed in."""
    visit = visit_of(request, is_adding=adding == YES)
    text, kept = await wiring.get().settlement.ethereum_sign_in.begin(visit, address[:100])
    answer = JSONResponse({"text": text}, headers={"Cache-Control": "no-store"})
    keep_cookie(answer, TEXT_COOKIE, kept, TEXT_SECONDS, "strict")
    return answer


@router.post("")
async def post_signature(
    request: Request, text: Annotated[str, Form()] = "", signature: Annotated[str, Form()] = "", after: Next = ""
) -> RedirectResponse:
    """Uses a signed text, and goes on signed in."""
    visit, kept, rules = visit_of(request), cookie_of(request, TEXT_COOKIE) or "", wiring.get().sign_in_rules
    way = wiring.get().settlement.ethereum_sign_in
    try:
        token = await way.enter(rules, kept, text[:CHARACTERS_MAX], signature[:CHARACTERS_MAX], visit)
    except Refused as error:
        return back("email", own_page(after), error)
    return await entered(visit, token, own_page(after), TEXT_COOKIE)
