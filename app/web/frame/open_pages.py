"""What opens and ends with a page's socket: its state and its loop."""

from app.web.frame.live import LivePages
from app.web.frame.page_states import Owner, PageStates


class OpenPages:
    """Keeps the states and loops of the pages that are open."""

    def __init__(self, states: PageStates, pages: LivePages) -> None:
        self._states, self._pages = states, pages

    def opened(self, token: str, peer: str, session_id: str) -> None:
        """A page's socket has opened."""
        self._states.opened(token, Owner(peer, session_id))
        self._pages.opened(token)

    def loaded(self, token: str) -> None:
        """The page of an open socket was loaded anew."""
        self._states.loaded(token)

    def closed(self, token: str) -> None:
        """A page's socket has closed."""
        self._pages.closed(token)
        self._states.closed(token)
