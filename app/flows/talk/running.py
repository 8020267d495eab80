"""Requests of several models that this process answers now, so that whoever asked can end one of the models alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.errors import NotFound
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Speaking


class RunningPanels:
    """Those of one process."""

    def __init__(self) -> None:
        self._panels: dict[str, Panel] = {}

    @contextmanager
    def running(self, panel: Panel) -> Iterator[None]:
        """Knows a request as long as it is answered."""
        request_id = panel.held.asked.id
        self._panels[request_id] = panel
        try:
            yield
        finally:
            del self._panels[request_id]

    def stop(self, speaking: Speaking, account_id: str, request_id: str, leg: int) -> bool:
        """Ends one model of somebody's own request, and tells whether it still spoke. Raises NotFound."""
        panel = self._panels.get(request_id)
        if panel is None or panel.call.user != account_id or not 0 <= leg < len(panel.members):
            raise NotFound("No such answer is running here.")
        return speaking.stop(panel.members[leg])
