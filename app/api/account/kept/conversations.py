"""/api/v1/conversations: what an account's programs asked with a `conversation_id`, and its owner on the chat page."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.account.kept.keeping import conversations
from app.api.account.owner import Own
from app.domain import clock
from app.flows.conversations.conversations import Conversation, Turn

router = APIRouter(prefix="/api/v1/conversations", tags=["account"])
PAGE_MAX, OFFSET_MAX = 100, 10_000

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
Offset = Annotated[int, Query(ge=0, le=OFFSET_MAX)]


@router.post("")
async def post_conversation(own: Own) -> dict[str, Any]:
    """Opens a conversation; its `id` is the `conversation_id` of what is asked in it."""
    return _described(await conversations().begin(own.account_id))


@router.get("")
async def list_conversations(own: Own, limit: Limit = 20, offset: Offset = 0) -> dict[str, Any]:
    """Lists conversations, the one that was last spoken in first."""
    found = await conversations().list_of(own.account_id, limit, offset)
    listed = [_described(one) for one in found.conversations]
    return {"conversations": listed, "total": found.total, "limit": limit, "offset": offset}


@router.get("/{conversation_id}")
async def get_conversation(own: Own, conversation_id: str) -> dict[str, Any]:
    """Returns a conversation with all that was said in it. Raises NotFound for everybody else's."""
    found, turns = await conversations().read(own.account_id, conversation_id)
    return {**_described(found), "messages": [message for turn in turns for message in messages_of(turn)]}


@router.patch("/{conversation_id}")
async def patch_conversation(own: Own, conversation_id: str, title: str = "") -> dict[str, Any]:
    """Gives a conversation another title; an empty one takes it away. Raises NotFound, BadField."""
    return _described(await conversations().rename(own.account_id, conversation_id, title))


@router.delete("/{conversation_id}")
async def delete_conversation(own: Own, conversation_id: str) -> dict[str, Any]:
    """Deletes a conversation with all that was said in it. Raises NotFound."""
    await conversations().forget(own.account_id, conversation_id)
    return {"id": conversation_id, "deleted": True}


def messages_of(turn: Turn) -> list[dict[str, Any]]:
    """Returns a turn as messages: what was asked, then what each leg answered."""
    about = {"request_id": turn.request_id, "mode": turn.mode, "created_at": clock.to_iso(turn.created_at)}
    answers = [
        {"role": "assistant", "content": one.text, "model": one.model, "leg": one.leg,
         **({"error": one.error} if one.error else {}), **about}
        for one in turn.said.answers
    ]  # fmt: skip
    return [{"role": "user", "content": turn.said.question, **about}, *answers]


def _described(found: Conversation) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.title,
        "turn_count": found.turns,
        "created_at": clock.to_iso(found.created_at),
        "updated_at": clock.to_iso(found.changed_at),
    }
