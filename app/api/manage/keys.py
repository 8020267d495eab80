"""A developer makes a key for their app by a POST from our own page: the answer has it, once, and nothing else ever."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page
from app.api.manage.visiting import visiting_manager
from app.flows.paywalls.change import change
from app.flows.paywalls.keys import NewKey

router = APIRouter(prefix="/manage", include_in_schema=False)

NAME_CHARACTERS_MAX = 200


@router.post("/paywalls/{paywall_id}/keys", dependencies=[Depends(check_own_page)])
async def post_key(request: Request, paywall_id: str, name: Annotated[str, Form()] = "") -> JSONResponse:
    """Makes a key and answers with it."""
    manager = (await visiting_manager(request, paywall_id)).manager
    made = await change(manager, wiring.get().parts.keys, NewKey(name[:NAME_CHARACTERS_MAX]))
    key = "" if made.outcome is None else made.outcome.key
    return JSONResponse({"key": key}, headers={"Cache-Control": "no-store"})
