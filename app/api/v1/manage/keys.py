"""/v1/manage/paywalls and their keys: what an account owns, and what its apps call with."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app import db, wiring
from app.api.v1.manage.caller import Developer, ManageBody, Owner, only
from app.api.v1.webhooks import takes
from app.domain import clock
from app.domain.errors import BadField
from app.domain.paywalls import keys as paywall_keys
from app.domain.paywalls.keys import KeyView
from app.domain.paywalls.names import NamedPaywall, list_of_account
from app.flows.paywalls.change import change
from app.flows.paywalls.keys import NewKey, RevokedKey

router = APIRouter(prefix="/manage", tags=["manage"])

PAYWALLS_MAX = 100


class PaywallBody(BaseModel):
    """A paywall; `version` is the one that counts now, which a change of prices is made on."""

    id: str
    name: str
    mode: str
    environment: str
    unit: str
    version: int
    archived: bool


class PaywallsBody(BaseModel):
    object: str = "list"
    data: list[PaywallBody]


class NewKeyBody(BaseModel):
    """`name` is your own word for the key, one line of at most 40 characters."""

    name: str = ""


class KeyBody(BaseModel):
    """A key of a paywall. `key` is there only in the answer that made it."""

    id: str
    name: str
    last_four: str
    created_at: str
    revoked_at: str | None = None
    key: str | None = None


class KeysBody(BaseModel):
    object: str = "list"
    data: list[KeyBody]


@router.get("/paywalls", response_model=PaywallsBody)
async def list_paywalls(developer: Developer) -> PaywallsBody:
    """Returns the paywalls that the key's account owns, the newest first."""
    found = await db.in_transaction(lambda session: list_of_account(session, developer.account_id, PAYWALLS_MAX))
    return PaywallsBody(data=[_paywall(one) for one in found])


@router.get("/paywalls/{paywall_id}/keys", response_model=KeysBody)
async def list_keys(owner: Owner) -> KeysBody:
    """Returns the paywall's keys: those that work, the newest first, then the last that were revoked."""
    found = await db.in_transaction(lambda session: paywall_keys.list_keys(session, owner.paywall_id))
    return KeysBody(data=[_key(view) for view in found])


@router.post("/paywalls/{paywall_id}/keys", status_code=201, response_model=KeyBody, openapi_extra=takes(NewKeyBody))
async def post_key(owner: Owner, body: ManageBody, response: Response) -> KeyBody:
    """Makes a key, shown here and never again; a paywall has up to five at once."""
    name = only(body, "name").get("name", "")
    if not isinstance(name, str):
        raise BadField("name", "`name` must be a string.")
    made = (await change(owner, wiring.get().parts.keys, NewKey(name))).outcome
    if made is None:
        raise RuntimeError("A key was asked for, and the part of keys made none.")
    response.headers["Cache-Control"] = "no-store"
    return _key(made.view, made.key)


@router.delete("/paywalls/{paywall_id}/keys/{key_id}", response_model=KeysBody)
async def delete_key(owner: Owner, key_id: str) -> KeysBody:
    """Revokes a key, for the next charged request in every process; returns the keys that there are."""
    await change(owner, wiring.get().parts.keys, RevokedKey(key_id))
    return await list_keys(owner)


def _paywall(one: NamedPaywall) -> PaywallBody:
    paywall = one.paywall
    values: dict[str, Any] = {"mode": paywall.mode.value, "environment": paywall.environment.value}
    return PaywallBody(id=paywall.id, name=one.app_name, unit=paywall.unit.value, version=paywall.version,
                       archived=paywall.is_archived, **values)  # fmt: skip


def _key(view: KeyView, key: str | None = None) -> KeyBody:
    revoked_at = None if view.revoked_at is None else clock.to_iso(view.revoked_at)
    return KeyBody(id=view.id, name=view.name, last_four=view.last_four, created_at=clock.to_iso(view.created_at),
                   revoked_at=revoked_at, key=key)  # fmt: skip
