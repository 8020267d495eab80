"""POST /api/v1/settings/copilot/ask: the help, as the published clients call it. Free, and about this product only."""

from typing import Any

from fastapi import APIRouter, Request

from app import wiring
from app.api.account.owner import Own, OwnBody
from app.api.common.visitor import address_of as network_address_of
from app.domain.errors import BadField
from app.domain.network import network_of
from app.flows.help.addresses import address_of
from app.flows.help.desk import QUESTION_CHARACTERS_MAX
from app.wiring.answering import help as helping

router = APIRouter(prefix="/api/v1/settings/copilot", tags=["account"])

FIELDS = ("question", "path", "context")
_ASKED = {
    "type": "object",
    "required": ["question"],
    "properties": {
        "question": {"type": "string", "minLength": 1, "maxLength": QUESTION_CHARACTERS_MAX},
        "path": {"type": ["string", "null"], "description": "Where somebody asks from; taken, and changes nothing."},
        "context": {"type": ["object", "null"], "description": "Taken, and changes nothing."},
    },
}
_TAKES = {"requestBody": {"required": True, "content": {"application/json": {"schema": _ASKED}}}}


@router.post("/ask", openapi_extra=_TAKES)
async def post_question(request: Request, own: Own, body: OwnBody) -> dict[str, Any]:
    """Answers a question about this product out of its guide, free of charge, and names the sections that it rests on.

    What is about something else gets one sentence, `found` false and no model. Raises LimitReached for the 31st in a
    minute.
    """
    network = network_of(network_address_of(request))
    answer = await helping.desk().ask(_question(body), own.account_id, network)
    base_url = wiring.get().links.base_url
    return {
        "answer": answer.text,
        "found": answer.is_found,
        "citations": [
            {"id": one.id, "title": one.name, "url": f"{base_url}{address_of(one)}"} for one in answer.cited
        ],
        "credits_charged": 0,
    }  # fmt: skip


def _question(body: dict[str, Any]) -> str:
    for name in body:
        if name not in FIELDS:
            raise BadField(name, f"`{name[:40]}` is no field of a question.", "unsupported_field")
    question = body.get("question")
    if not isinstance(question, str):
        raise BadField("question", "`question` must be a text.")
    return question
