"""/api/v1/memory: nothing of what anybody asks is kept to be used again, and that is what it says."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.account.owner import Own

router = APIRouter(prefix="/api/v1/memory", tags=["account"])


@router.get("")
async def list_memory(own: Own, limit: Annotated[int, Query(ge=1, le=100)] = 20) -> dict[str, Any]:
    """Lists what is remembered: nothing."""
    return {"enabled": False, "memories": [], "total": 0, "limit": limit}


@router.get("/search")
async def search_memory(
    own: Own, q: Annotated[str, Query(max_length=2_000)], top_k: Annotated[int, Query(ge=1, le=100)] = 4
) -> dict[str, Any]:
    """Finds what is remembered about something: nothing."""
    return {"enabled": False, "query": q, "results": [], "total": 0, "top_k": top_k}


@router.delete("")
async def clear_memory(own: Own) -> dict[str, Any]:
    """Forgets everything, of which there is nothing."""
    return {"enabled": False, "deleted": 0}


@router.delete("/{memory_id}")
async def delete_memory(own: Own, memory_id: str) -> dict[str, Any]:
    """Forgets one thing, which is not there."""
    return {"enabled": False, "id": memory_id, "deleted": 0}
