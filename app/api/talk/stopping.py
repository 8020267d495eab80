"""POST /talk/stop/{request}/{leg}: somebody on the chat page wants to hear no more of one of the models they asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse

from app import wiring
from app.api.common.visitor import check_own_page
from app.api.manage.managing import person_of
from app.api.talk.room import NO_STORE
from app.wiring.answering.modes import modes_of

router = APIRouter(prefix="/talk", include_in_schema=False)
LEGS_MAX = 99


@router.post("/stop/{request_id}/{leg}", dependencies=[Depends(check_own_page)])
async def post_stop(request: Request, request_id: str, leg: Annotated[int, Path(ge=0, le=LEGS_MAX)]) -> JSONResponse:
    """Ends one leg of an answer that runs, and says whether it still spoke. Raises NotFound for everybody else's."""
    person = await person_of(request)
    modes = modes_of(wiring.get())
    is_stopped = modes.running.stop(modes.speaking, person.account_id, request_id, leg)
    return JSONResponse({"stopped": is_stopped}, headers=NO_STORE)
