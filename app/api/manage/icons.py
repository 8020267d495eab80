"""Icons of apps: given by a POST from our own page, and served to whoever looks at a page that shows the app.

What is served was taken apart and put together by us. It is named as a PNG; with the headers of every answer a browser
takes it for nothing else (`nosniff`), and should it ever, for nothing that may load anything.
"""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from app import db, wiring
from app.api.common.visitor import check_own_page
from app.api.manage.visiting import visiting_manager
from app.domain.errors import NotFound
from app.domain.icons.icons import read_icon
from app.flows.paywalls.change import change

router = APIRouter(include_in_schema=False)

_SERVED = {
    "Cache-Control": "public, max-age=31536000, immutable",  # another picture has another address
}


@router.post("/manage/paywalls/{paywall_id}/icon", dependencies=[Depends(check_own_page)])
async def post_icon(request: Request, paywall_id: str) -> JSONResponse:
    """Gives a paywall the icon that is the body."""
    manager = (await visiting_manager(request, paywall_id)).manager
    changed = await change(manager, wiring.get().parts.icon, await request.body())
    return JSONResponse({"icon": changed.outcome}, headers={"Cache-Control": "no-store"})


@router.get("/icons/{paywall_id}/{digest}.png")
async def get_icon(paywall_id: str, digest: str) -> Response:
    """Serves an icon."""
    png = await db.in_transaction(lambda session: read_icon(session, paywall_id, digest))
    if png is None:
        raise NotFound("There is no such icon.")
    return Response(png, media_type="image/png", headers=_SERVED)
