"""For whoever runs the instance: is the process up, is it ready. For everybody: what it holds and owes."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from app import db, wiring
from app.api.common.errors import NOT_READY
from app.domain.reserves import reports

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


@router.get("/reserves.json")
async def get_reserves() -> Response:
    """Returns what stands on chains against what is owed, per environment, as it was compared last."""
    found = await db.in_transaction(reports.read_all)
    return JSONResponse({"reports": [one.document for one in found]})
