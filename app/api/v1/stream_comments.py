"""Comments in a stream while its model is silent, so that the client, and what stands between, know that it lives.

A comment is a line that every reader of server-sent events leaves out (WHATWG HTML, 9.2.6); nothing of an answer is
in it, so nothing was delivered by it. The first one brings the headers with it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Send = Callable[[bytes], Awaitable[None]]

COMMENT = b": waiting for the model\n\n"
LOOKS = 5
"""How often a silence is looked at before a comment is sent, which may come one look too soon, never too late."""


class StreamComments:
    """Sends a stream's pieces, and from its beginning to its end a comment whenever `seconds` passed without one.

    The end waits for a comment that is on its way, so that whatever comes next is not sent into it.
    """

    def __init__(self, send: Send, seconds: float) -> None:
        self._send = send
        self._look_seconds = seconds / LOOKS
        self._looks = 0
        self._comment: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Send:
        self._timer = asyncio.get_running_loop().call_later(self._look_seconds, self._look)
        return self.piece

    async def __aexit__(self, *_: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._comment is not None:
            await asyncio.wait((self._comment,))

    def piece(self, body: bytes) -> Awaitable[None]:
        """Sends a piece, behind a comment that is on its way."""
        self._looks = 0
        return self._send(body) if self._comment is None else self._behind_comment(body)

    async def _behind_comment(self, body: bytes) -> None:
        if self._comment is not None:
            await self._comment
        await self._send(body)

    def _look(self) -> None:
        self._looks += 1
        if self._looks >= LOOKS and self._comment is None:
            self._looks = 0
            self._comment = asyncio.ensure_future(self._send(COMMENT))
            self._comment.add_done_callback(self._sent)
        self._timer = asyncio.get_running_loop().call_later(self._look_seconds, self._look)

    def _sent(self, comment: "asyncio.Task[None]") -> None:
        self._comment = None
        if not comment.cancelled():
            comment.exception()  # the next piece meets with the same
