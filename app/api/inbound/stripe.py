"""Stripe's webhooks, one address for each connection.

Answered as soon as the event is stored; whatever an answer other than 200 says, Stripe sends it again. A bad signature
is 400, a connection that there is not 404, one without a secret 503; what is not ours is 200, and forgotten.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from app import wiring

PREFIX = "/stripe/webhook/"
router = APIRouter(prefix=PREFIX.rstrip("/"), include_in_schema=False)


@router.post("/{connection}")
async def post_event(
    request: Request, connection: str, stripe_signature: Annotated[str, Header()] = ""
) -> JSONResponse:
    """Takes an event; the signature is of the very bytes of the body."""
    await wiring.get().stripe.ear.hear(connection, await request.body(), stripe_signature)
    return JSONResponse({"received": True})
