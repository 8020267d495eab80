"""A developer's webhooks by POSTs from our own page: the answer has the secret, once, and nothing else ever does."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page
from app.api.manage.managing import manager_of
from app.flows.paywalls import webhooks

router = APIRouter(prefix="/manage", include_in_schema=False, dependencies=[Depends(check_own_page)])

_ONCE = {"Cache-Control": "no-store"}


@router.post("/paywalls/{paywall_id}/webhooks")
async def post_webhook(
    request: Request,
    paywall_id: str,
    url: Annotated[str, Form()] = "",
    events: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
) -> JSONResponse:
    """Subscribes an endpoint to events, which are written in words: names, prefixes such as `proxy.*`, or `*`."""
    manager, wired = await manager_of(request, paywall_id), wiring.get()
    wanted = {"url": url.strip(), "events": events.replace(",", " ").split() or ["*"],
              "description": description.strip() or None}  # fmt: skip
    made = await webhooks.create_subscription(wired.box, wired.messenger, manager, wanted)
    return JSONResponse({"secret": made.secret}, headers=_ONCE)


@router.post("/paywalls/{paywall_id}/webhooks/{subscription_id}/rotate")
async def post_rotate(request: Request, paywall_id: str, subscription_id: str) -> JSONResponse:
    """Gives a subscription a new secret; for a day both sign."""
    manager = await manager_of(request, paywall_id)
    made = await webhooks.rotate_secret(wiring.get().box, manager, subscription_id, {})
    return JSONResponse({"secret": made.secret}, headers=_ONCE)
