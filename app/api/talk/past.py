"""The conversations of whoever is signed in, for the chat page: listed, opened, begun, renamed, deleted."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from app.api.account.kept.keeping import conversations
from app.api.common.body import parse_json
from app.api.common.visitor import check_own_page
from app.api.manage.managing import person_of
from app.api.talk.room import NO_STORE
from app.domain import clock
from app.domain.errors import BadField
from app.flows.conversations.conversations import NEW, Conversation, Turn

router = APIRouter(prefix="/talk/conversations", include_in_schema=False)
PAGE = 50
OFFSET_MAX = 10_000


@router.get("")
async def list_past(request: Request, offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0) -> JSONResponse:
    """Lists a page of conversations in which something was said, the newest first."""
    person = await person_of(request)
    found = await conversations().list_of(person.account_id, PAGE + 1, offset, with_turns=True)
    listed = [_described(one) for one in found.conversations[:PAGE]]
    return JSONResponse({"conversations": listed, "has_more": len(found.conversations) > PAGE}, headers=NO_STORE)


@router.post("", dependencies=[Depends(check_own_page)])
async def post_conversation(request: Request) -> JSONResponse:
    """Opens a conversation. Raises BadField for somebody who has as many as they may."""
    person = await person_of(request)
    return JSONResponse(_described(await conversations().begin(person.account_id)), headers=NO_STORE)


@router.get("/{conversation_id}")
async def get_conversation(request: Request, conversation_id: str) -> JSONResponse:
    """Returns all that was said in a conversation. Raises NotFound for everybody else's."""
    person = await person_of(request)
    found, turns = await conversations().read(person.account_id, conversation_id)
    return JSONResponse({**_described(found), "turns": [_turn(one) for one in turns]}, headers=NO_STORE)


@router.patch("/{conversation_id}", dependencies=[Depends(check_own_page)])
async def patch_conversation(request: Request, conversation_id: str) -> JSONResponse:
    """Gives a conversation the title in the body. Raises NotFound, BadField."""
    person = await person_of(request)
    body = await parse_json(await request.body())
    title = body.get("title") if isinstance(body, dict) else None
    if not isinstance(title, str):
        raise BadField("title", "`title` must be a text.")
    return JSONResponse(_described(await conversations().rename(person.account_id, conversation_id, title)))


@router.delete("/{conversation_id}", dependencies=[Depends(check_own_page)])
async def delete_conversation(request: Request, conversation_id: str) -> JSONResponse:
    """Deletes a conversation with all that was said in it. Raises NotFound."""
    person = await person_of(request)
    await conversations().forget(person.account_id, conversation_id)
    return JSONResponse({"deleted": True})


def _described(one: Conversation) -> dict[str, Any]:
    return {"id": one.id, "title": one.title or NEW, "at": clock.to_iso(one.changed_at)}


def _turn(one: Turn) -> dict[str, Any]:
    return {
        "id": one.request_id,
        "mode": one.mode,
        "question": one.said.question,
        "answers": [asdict(answer) for answer in one.said.answers],
        "beside": one.said.beside,
        "again_of": one.said.again_of,
        "at": clock.to_iso(one.created_at),
    }
