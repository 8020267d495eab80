"""Requests of several models that this process answers now, so that whoever asked can end one of the models alone.

A stop may land at any process. What lands elsewhere is written down there and heard here, as long as something runs:
on SQLite there is no elsewhere, and who answers nobody looks at nothing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from app import db
from app.domain.errors import NotFound
from app.domain.legs.stops import Stop
from app.each_alone import Failed, alone
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Speaking
from app.flows.talk.stops import take_stops

HEAR_SECONDS = 0.4
"""How often it is looked for stops that landed elsewhere."""


class RunningPanels:
    """Those of one process."""

    def __init__(self) -> None:
        self._panels: dict[str, Panel] = {}
        self._ear: asyncio.Task[None] | None = None

    @contextmanager
    def running(self, speaking: Speaking, panel: Panel) -> Iterator[None]:
        """Knows a request as long as it is answered."""
        request_id = panel.held.asked.id
        self._panels[request_id] = panel
        if self._ear is None and not db.is_sqlite():
            self._ear = asyncio.create_task(self._hear(speaking))
        try:
            yield
        finally:
            del self._panels[request_id]
            if self._ear is not None and not self._panels:
                self._ear.cancel()
                self._ear = None

    def has(self, request_id: str) -> bool:
        """Tells whether a request is answered here."""
        return request_id in self._panels

    def stop(self, speaking: Speaking, stop: Stop) -> bool:
        """Ends one model of somebody's own request, and tells whether it still spoke. Raises NotFound."""
        panel = self._panels.get(stop.request_id)
        if panel is None or panel.call.user != stop.account_id or not 0 <= stop.leg < len(panel.members):
            raise NotFound("No such answer is running.")
        return speaking.stop(panel.members[stop.leg])

    async def _hear(self, speaking: Speaking) -> None:
        """Ends the models that are to end, as long as any request is answered here."""
        while True:
            await asyncio.sleep(HEAR_SECONDS)
            heard = await alone("talk", "stops", partial(take_stops, tuple(self._panels)))
            for stop in () if isinstance(heard, Failed) else heard:
                with suppress(NotFound):  # it has ended meanwhile
                    self.stop(speaking, stop)
