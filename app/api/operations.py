"""For whoever runs the instance: is the process up, is it ready."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app import db
from app.api.errors import NOT_READY
from app.domain.errors import CoinslotError

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """Says that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def get_readiness() -> Response:
    """Says whether the database is reachable and at the newest migration."""
    try:
        is_ready, reason = db.is_migrated(), "migrations are missing"
    except CoinslotError as error:
        is_ready, reason = False, error.message
    if is_ready:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready", "reason": reason}, NOT_READY)
