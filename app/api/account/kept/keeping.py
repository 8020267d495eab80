"""An answer on its way out, heard and kept in its conversation, before its last piece is sent.

Whoever has read an answer to its end finds it in the conversation; of one whose reader went away, what was sent.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from app import wiring
from app.api.v1.exchange import AsgiSend
from app.domain.conversations.said import Answer, Said
from app.each_alone import alone
from app.flows.conversations.conversations import Conversations, new_turn
from app.formats.account.heard import Heard

log = structlog.get_logger()

ANSWERED = 200


def conversations() -> Conversations:
    """Returns the conversations of all accounts."""
    return Conversations(wiring.get().box)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer is kept, whose that is, and what was asked; `mode` is how, unless the answer says more of it."""

    account_id: str
    conversation_id: str
    mode: str
    question: str


class Keeping:
    """Sends one answer's messages on, and keeps what it says once it is known where.

    `again_of` are the request and the leg that it repeats, where it does. `has_key` says that a retry with its
    Idempotency-Key is given the same answer again.
    """

    def __init__(self, send: AsgiSend) -> None:
        self._send = send
        self._heard = Heard()
        self._request_id = ""
        self._is_stream = self._is_done = self.has_key = False
        self.place: Place | None = None
        self.again_of: tuple[str, int] | None = None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Sends a message of the answer."""
        if self.place is not None:
            self._hear(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await self._keep(is_stopped=False)
        await self._send(message)

    def end(self) -> None:
        """Keeps what was sent to a reader who went away."""
        if self.place is not None and not self._is_done and self._heard.has_answer:
            wiring.get().keeper.keep(self._keep(is_stopped=True))

    def _hear(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            self._is_stream = headers[b"content-type"].startswith(b"text/event-stream")
            self._request_id = headers[b"x-request-id"].decode() if message["status"] == ANSWERED else ""
        elif self._request_id:
            (self._heard.feed if self._is_stream else self._heard.take_whole)(message.get("body", b""))

    async def _keep(self, *, is_stopped: bool) -> None:
        place, legs = self.place, self._heard.read()
        self._is_done = True
        if place is None or not self._request_id:
            return
        answers = [Answer(leg, one.model, one.text, one.error) for leg, one in legs]
        said = tuple(replace(one, is_stopped=is_stopped and not one.error) for one in answers if one.says_something)
        if not said:
            return
        turn = new_turn(self._request_id, place.conversation_id, self._heard.mode or place.mode,
                        Said(place.question, said, self._heard.beside, self.again_of))  # fmt: skip
        kept = await alone("conversation", self._request_id, partial(conversations().keep, place.account_id, turn))
        if kept is False:
            log.info("conversation", request=self._request_id, step="not_kept")
