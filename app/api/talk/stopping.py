"""POST /talk/stop/{request}/{leg}: somebody on the chat page wants to hear no more of one of the models they asked."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse

from app import db, wiring
from app.api.common.caller import find_own
from app.api.common.visitor import check_own_page
from app.api.manage.managing import person_of
from app.api.talk.room import NO_STORE
from app.domain.legs.stops import Stop
from app.domain.wallets.shared import shared_wallet_id
from app.flows.talk.stops import ask_stop
from app.wiring.answering.modes import modes_of

router = APIRouter(prefix="/talk", include_in_schema=False)
LEGS_MAX = 99


@router.post("/stop/{request_id}/{leg}", dependencies=[Depends(check_own_page)])
async def post_stop(request: Request, request_id: str, leg: Annotated[int, Path(ge=0, le=LEGS_MAX)]) -> JSONResponse:
    """Ends one leg of an answer that runs, and says whether it still spoke. Raises NotFound for everybody else's.

    Where another process answers, that one ends it within half a second, if it still speaks by then.
    """
    person = await person_of(request)
    modes, stop = modes_of(wiring.get()), Stop(person.account_id, request_id, leg)
    if db.is_sqlite() or modes.running.has(request_id):
        return JSONResponse({"stopped": modes.running.stop(modes.speaking, stop)}, headers=NO_STORE)
    snapshot = await find_own(person.account_id)
    await ask_stop(shared_wallet_id(person.account_id, snapshot.environment, snapshot.unit), stop)
    return JSONResponse({"stopped": True}, headers=NO_STORE)
