"""A provider that answers what a test says, for flows; typed as the port."""

import asyncio
import json
from collections.abc import Awaitable, Sequence
from typing import Any

from app.adapters.limits.memory import MemoryLimits
from app.adapters.providers.tiktoken import TiktokenCounter
from app.commit_queue import CommitQueue
from app.domain.errors import ProviderFailed, Unavailable
from app.domain.ledger.operations import Applied
from app.domain.paywalls.provider import ProviderSetting
from app.flows.chat.answer import Carrier
from app.flows.limits.limiter import Limiter
from app.flows.limits.spending import SpendLimits
from app.formats.openai_request import ChatRequest, read_chat_request
from app.ports.providers import ChatProvider, ProviderAnswer, ProviderTarget
from app.ports.redactor import Redactor
from tests.support.chat import Chat

COUNTER = TiktokenCounter()
SECRET = "sk-secret"
Landed = Awaitable[Applied]
"""The outcome of a commit to come, real or scripted."""
USAGE = {"prompt_tokens": 10, "completion_tokens": 20}


class ScriptedAnswer:
    """Gives pieces; an exception among them is raised, None waits for ever, and `fell_silent` says so."""

    def __init__(self, content_type: str, pieces: Sequence[bytes | Exception | None]) -> None:
        self._content_type = content_type
        self.pieces = pieces
        self.is_closed = self.is_finished = False
        self.redacts: Redactor | None = None
        self.fell_silent = asyncio.Event()
        self.begin()

    def begin(self) -> None:
        """Begins anew to say `pieces`; one without bytes never arrives."""
        self._left = iter([piece for piece in self.pieces if piece != b""])

    @property
    def content_type(self) -> str:
        return self._content_type

    @property
    def redactor(self) -> Redactor | None:
        return self.redacts

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        cleaned: dict[str, object] = json.loads(json.dumps(error).replace(SECRET, "***"))
        return cleaned

    async def read(self) -> bytes:
        piece = next(self._left, b"")
        if isinstance(piece, Exception):
            raise piece
        if piece is None:
            self.fell_silent.set()
            await asyncio.Event().wait()
        return piece or b""

    async def close(self) -> None:
        self.is_closed = True

    async def finish(self) -> None:
        self.is_finished = True
        await self.close()


class Scripted:
    """A provider, and the way to it; `sent` are the bodies that it got."""

    def __init__(self, *pieces: bytes | Exception | None, content_type: str = "text/event-stream") -> None:
        self.answer = ScriptedAnswer(content_type, pieces)
        self.refusal: ProviderFailed | None = None
        self.sent: list[dict[str, Any]] = []

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self, ProviderTarget("scripted", "http://x/v1", None)

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self, ProviderTarget("scripted", "http://x/v1", api_key)

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        self.sent.append(json.loads(body))
        if self.refusal is not None:
            raise self.refusal
        self.answer.begin()
        return self.answer

    async def list_models(self, target: ProviderTarget) -> list[str]:
        return ["demo-mini"]

    async def close(self) -> None:
        return


def unanswered() -> "asyncio.Future[Applied]":
    """Returns the outcome of a commit whose answer did not come."""
    future: asyncio.Future[Applied] = asyncio.get_running_loop().create_future()
    future.set_exception(Unavailable("The database is away."))
    return future


def flows(queue: CommitQueue, provider: Scripted) -> tuple[Chat, Carrier]:
    """Returns the chat flows over a queue and a provider."""
    chat = Chat(queue, provider, COUNTER, limiter())
    return chat, Carrier(chat.legs, COUNTER)


def limiter() -> Limiter:
    """Returns limits that are counted for whoever has this one."""
    return Limiter(MemoryLimits(), COUNTER, SpendLimits())


def request(content: str = "Hello", **more: Any) -> ChatRequest:
    """Returns a parsed chat request."""
    return read_chat_request({"model": "demo-mini", "messages": [{"role": "user", "content": content}], **more})


def whole(text: str = "Hi", **more: Any) -> bytes:
    """Returns a provider's whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"id": "c", "choices": [choice], **more}).encode()


def event(text: str = "", **more: Any) -> bytes:
    """Returns a provider's event."""
    content = {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], **more}
    return b"data: " + json.dumps(content).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
LAST = b'data: {"id": "c", "choices": [], "usage": ' + json.dumps(USAGE).encode() + b"}\n\n"
