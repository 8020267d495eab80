"""/api/v1/keys/…: what is known of an account's key, and its end. Another one is made by its person alone."""

from typing import Any

from fastapi import APIRouter

from app import db
from app.api.account.owner import Own
from app.api.common.caller import forget
from app.api.common.links import base_url
from app.domain import clock
from app.domain.errors import NotAllowed, UnknownKey
from app.domain.people.account_keys import PREFIX, read_account_key
from app.flows.people.account import revoke_account_key

router = APIRouter(prefix="/api/v1/keys", tags=["account"])


class SessionRequired(NotAllowed):
    """What a key may not do, so that one that was stolen does not lock its owner out."""

    code = "session_required"


@router.get("/info")
async def get_info(own: Own) -> dict[str, Any]:
    """Returns what is known of the key that asks; the key itself is shown once, where it is made."""
    found = await db.in_transaction(lambda session: read_account_key(session, own.account_id))
    if found is None:
        raise UnknownKey("This API key has been revoked.")
    return {
        "has_key": True,
        "prefix": PREFIX,
        "last_four": found.last_four,
        "created_at": clock.to_iso(found.created_at),
        "environment": own.snapshot.environment.value,
    }


@router.post("/generate")
async def post_generate(own: Own) -> dict[str, Any]:
    """Is refused to a key: a new one ends the one before, and is made by whoever is signed in."""
    raise SessionRequired(f"A new key is made by its person, who is signed in: {base_url()}/settings/")


@router.delete("/revoke")
async def delete_key(own: Own) -> dict[str, Any]:
    """Revokes the key that asks: for the next request here, and elsewhere for the next charged one and, within a
    second, for every other."""
    await revoke_account_key(own.person)
    forget(own.snapshot)
    return {"revoked": True}
