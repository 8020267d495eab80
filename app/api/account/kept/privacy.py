"""/api/v1/settings/privacy: whether anything of an account's texts is kept. Nothing here ever trains a model."""

from typing import Any

from fastapi import APIRouter, Request

from app.api.account.owner import Own
from app.api.common.body import parse_json
from app.domain.errors import BadField
from app.flows.conversations.privacy import read_privacy, set_zero_retention

router = APIRouter(prefix="/api/v1/settings/privacy", tags=["account"])
FIELDS = ("data_training_opt_in", "zero_retention_mode", "purge_existing_data")


@router.get("")
async def get_privacy(own: Own) -> dict[str, Any]:
    """Returns what is kept."""
    return await _described(own.account_id)


@router.put("")
async def put_privacy(own: Own, request: Request) -> dict[str, Any]:
    """Keeps no text from now on and deletes what there is, or keeps them again. Raises BadField.

    `purge_existing_data` is what the clients always send, and asks for nothing by itself.
    """
    wanted = _read(await parse_json(await request.body()))
    purged = 0
    if (is_on := wanted.get("zero_retention_mode")) is not None:
        purged = await set_zero_retention(own.account_id, is_on=is_on)
    return {**await _described(own.account_id), "purged_conversations": purged}


def _read(body: Any) -> dict[str, bool]:
    if not isinstance(body, dict):
        raise BadField(None, "The body must be a JSON object.", "invalid_json")
    for name, value in body.items():
        if name not in FIELDS:
            raise BadField(name, f"`{name[:40]}` is no setting of privacy.", "unsupported_field")
        if value is not None and not isinstance(value, bool):
            raise BadField(name, f"`{name}` must be true or false.")
    if body.get("data_training_opt_in"):
        message = "`data_training_opt_in` can only be false: nothing that is said here trains a model."
        raise BadField("data_training_opt_in", message, "unsupported_field")
    if body.get("zero_retention_mode") and body.get("purge_existing_data") is False:
        message = "`zero_retention_mode` deletes what is kept: `purge_existing_data` cannot be false with it."
        raise BadField("purge_existing_data", message, "unsupported_field")
    return body


async def _described(account_id: str) -> dict[str, Any]:
    found = await read_privacy(account_id)
    return {
        "zero_retention_mode": found.zero_retention,
        "data_training_opt_in": False,
        "stored_conversations": found.conversations,
    }
