"""A developer gives us the key of their Stripe account, by a POST from our own page; no answer ever has it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page
from app.api.manage.visiting import visiting_manager
from app.flows.paywalls.payments import connect

router = APIRouter(prefix="/manage", include_in_schema=False)

KEY_CHARACTERS_MAX = 1_000


@router.post("/paywalls/{paywall_id}/stripe", dependencies=[Depends(check_own_page)])
async def post_stripe_key(request: Request, paywall_id: str, key: Annotated[str, Form()] = "") -> JSONResponse:
    """Connects the account that a restricted key opens, or changes the key of the one that is connected."""
    manager = (await visiting_manager(request, paywall_id)).manager
    kept = await connect(wiring.get().stripe.endpoints, manager, key[:KEY_CHARACTERS_MAX])
    return JSONResponse({"said": "connected" if kept.is_new else "changed"}, headers={"Cache-Control": "no-store"})
