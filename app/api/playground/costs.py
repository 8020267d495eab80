"""What an answer costs while it runs: an event of our own in its stream, about once a second, for our page alone."""

import asyncio
from collections.abc import MutableMapping
from functools import partial
from typing import Any

import orjson

from app.api.v1.exchange import AsgiSend, Exchange
from app.domain.money import Unit, format_finely, format_for_people
from app.each_alone import alone
from app.flows.chat.call import Run

TELL_SECONDS = 1.0


class CostEvents:
    """Sends an exchange's messages, and between them what its answer costs by now, until its last one."""

    def __init__(self, send: AsgiSend, seconds: float = TELL_SECONDS) -> None:
        self._send, self._seconds = send, seconds
        self._told = ""
        self._telling: asyncio.Task[None] | None = None

    def begin(self, exchange: Exchange) -> None:
        """Tells what an exchange's answer costs from now on."""
        self._telling = asyncio.create_task(self._tell(exchange))

    def end(self) -> None:
        """Tells nothing more."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Sends a message of the answer."""
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.end()  # behind the last there is nothing
        await self._send(message)

    async def _tell(self, exchange: Exchange) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            await alone("playground", "cost", partial(self._tell_once, exchange))

    async def _tell_once(self, exchange: Exchange) -> None:
        # Before anything of the answer was sent an error still has a status of its own.
        about = await _about(exchange) if exchange.has_begun else None
        if about is not None and about != self._told:
            self._told = about
            said = orjson.dumps({"about": about})
            await exchange.piece(b"event: cost\ndata: " + said + b"\n\n")


async def _about(exchange: Exchange) -> str | None:
    """Returns in words about what an answer costs by now, None as long as nobody can say."""
    if exchange.about is not None:
        return await exchange.about()
    run = exchange.begun
    if not isinstance(run, Run) or run.meter is None:
        return None
    unit = run.held.snapshot.unit
    return (format_for_people if unit is Unit.CREDIT else format_finely)(await run.meter.about_nanos(), unit)
