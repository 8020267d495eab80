"""For whoever runs the instance: is the process up, is it ready."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app import wiring
from app.api.common.errors import NOT_READY

router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """Says that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def get_readiness() -> Response:
    """Says whether the database is at the newest migration and takes a write."""
    reason = await wiring.get().readiness.find_fault()
    if reason is None:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready", "reason": reason}, NOT_READY)
