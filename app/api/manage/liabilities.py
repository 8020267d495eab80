"""GET /manage/liabilities.json: where what a person is owed stands in the tree over all that is owed."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from app.api.manage.managing import person_of
from app.domain.people.sessions import Person
from app.flows.settlement.liabilities.reading import read_own

router = APIRouter(prefix="/manage", include_in_schema=False)
ACCOUNT_CHARACTERS_MAX = 200


@router.get("/liabilities.json")
async def get_liabilities(person: Annotated[Person, Depends(person_of)], account: str | None = None) -> Response:
    """Returns the visitor's own leaves with their ways to the root; with `account`, those of one account of theirs."""
    found = await read_own(person, None if account is None else account[:ACCOUNT_CHARACTERS_MAX])
    headers = {"Content-Disposition": 'attachment; filename="liabilities.json"', "Cache-Control": "no-store"}
    return JSONResponse(found, headers=headers)
