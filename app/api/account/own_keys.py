"""/api/v1/settings/keys: an account's own keys of providers, as the published clients save and remove them."""

from typing import Any

from fastapi import APIRouter

from app import db, wiring
from app.api.account.fields import named
from app.api.account.owner import Own, OwnBody
from app.domain import clock
from app.domain.credentials import credentials
from app.domain.credentials.credentials import CREDENTIALS_MAX, CredentialView
from app.domain.credentials.hosts import PRESETS, check_name
from app.domain.errors import BadField
from app.flows.vault.saving import Wanted, remove_own_key, save_own_key

router = APIRouter(prefix="/api/v1/settings/keys", tags=["account"])


@router.get("")
async def list_own_keys(own: Own) -> dict[str, Any]:
    """Lists the account's own keys by name, never more of each than its last four, and the hosts known by name."""
    found = await db.in_transaction(lambda session: credentials.list_of(session, own.account_id))
    return {"keys": {view.provider: _shown(view) for view in found}, "providers": list(PRESETS)}


@router.put("")
async def put_own_keys(own: Own, body: OwnBody) -> dict[str, Any]:
    """Saves keys by their providers' names, each in the place of the one before: `{"keys": {"openai": "sk-…"}}`.

    A key of a host that is not known by name is `{"key": "…", "base_url": "https://…/v1"}`. Each is tried at its host
    first; the first that is refused ends it, those before stay saved.
    """
    wanted = _wanted(body)
    warnings: dict[str, str] = {}
    for one in wanted:
        path = f"keys.{one.provider[:40]}"
        with named(provider=path, key=path, base_url=f"{path}.base_url"):
            saved = await save_own_key(wiring.get().vault, own.account_id, one)
        if saved.warning:
            warnings[saved.provider] = saved.warning
    return {**await list_own_keys(own), "saved": [check_name(one.provider) for one in wanted], "warnings": warnings}


@router.delete("/{provider}")
async def delete_own_key(own: Own, provider: str) -> dict[str, Any]:
    """Removes a key, from the next request on."""
    name = provider.strip().lower()
    found = await db.in_transaction(lambda session: credentials.find_by_name(session, own.account_id, name))
    await remove_own_key(own.account_id, found)
    return {**await list_own_keys(own), "deleted": name}


def _wanted(body: dict[str, Any]) -> list[Wanted]:
    keys = body.get("keys")
    if not isinstance(keys, dict) or not 1 <= len(keys) <= CREDENTIALS_MAX:
        raise BadField("keys", f'`keys` must be 1 to {CREDENTIALS_MAX} keys by name, such as {{"openai": "sk-…"}}.')
    found = []
    for provider, value in keys.items():
        secret, base_url = value, ""
        if isinstance(value, dict):
            secret, base_url = value.get("key"), value.get("base_url", "")
        if not isinstance(secret, str) or not isinstance(base_url, str):
            raise BadField(f"keys.{provider[:40]}", "A key is a text, or an object of `key` and `base_url`.")
        found.append(Wanted(provider, secret.strip(), base_url))
    return found


def _shown(view: CredentialView) -> dict[str, Any]:
    return {
        "kind": view.kind.value,
        "base_url": view.base_url,
        "last_four": view.last_four,
        "status": view.status.value,
        "models": view.models,
        "warning": view.warning or None,
        "refused_status": view.refused_status,
        "created_at": clock.to_iso(view.created_at),
        "last_used_at": None if view.used_at is None else clock.to_iso(view.used_at),
    }
