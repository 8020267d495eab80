"""Where the states of pages are kept: in this process's memory, as long as their page is open, and a moment longer.

No state is ever written to a disk. Those of pages that are open are bounded by their sockets; of the others a few are
kept for a page that comes back, the newest ones, and of one peer fewer still.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken, StateToken
from reflex.state import State

from app.web.frame.session_state import VisitorState

KEPT_SECONDS = 60
"""How long the state of a page is kept that has no socket."""
KEPT_MAX = 200
KEPT_OF_PEER_MAX = 20
"""How many of them are kept in all, and of one peer."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose page a state is: of which peer, in which sign-in session (empty for nobody's)."""

    peer: str
    session_id: str


@dataclass
class PageStates(StateManagerMemory):
    """Reflex's states in memory, bounded. What Reflex's own memory forgets after an hour, open or not, is kept here
    while it is open; what has no socket is forgotten soon."""

    token_expiration: int = KEPT_SECONDS
    owners: dict[str, Owner] = field(default_factory=dict)
    open_tokens: set[str] = field(default_factory=set)

    def opened(self, token: str, owner: Owner) -> None:
        """Keeps a page's state from now on; one that was another session's is forgotten first."""
        if token in self.owners and self.owners[token].session_id != owner.session_id:
            self._forget(token)
        self.owners[token] = owner
        self.open_tokens.add(token)
        self._token_expires_at.pop(token, None)

    def loaded(self, token: str) -> None:
        """Lets a page that was loaded anew begin with nothing of what its tab showed before.

        What a tab shows is kept for a moment, under the tab's own name, and is what Reflex first sends to the next page
        in it: another wallet, with buttons that somebody could press before the page has read its own.
        """
        state = self.states.get(BaseStateToken(ident=token, cls=State).cache_key)
        waiting = [] if state is None else [state]
        while waiting:
            one = waiting.pop()
            waiting += one.substates.values()
            if isinstance(one, VisitorState):
                one._begin_anew()

    def closed(self, token: str) -> None:
        """Keeps a page's state for a moment longer, if it has one."""
        self.open_tokens.discard(token)
        if token in self.states:
            self._track_token(BaseStateToken(ident=token, cls=State))
        else:
            self.owners.pop(token, None)

    def _track_token(self, token: StateToken[Any]) -> None:
        """Notes that a state was used: one whose page is open does not grow old."""
        if token.ident in self.open_tokens:
            return
        self._token_expires_at.pop(token.cache_key, None)  # so that the order is that of their last use
        super()._track_token(token)
        self._make_room()

    def _purge_token(self, token: StateToken[Any]) -> None:
        super()._purge_token(token)
        if token.ident not in self.open_tokens:
            self.owners.pop(token.ident, None)

    def _make_room(self) -> None:
        """Forgets the oldest states without a page, until there are as many as may be."""
        kept = [token for _, token in self._token_expires_at.values() if not self._is_in_use(token)]
        of_peer = Counter(self._peer(token) for token in kept)
        too_many = len(kept) - KEPT_MAX
        for token in kept:
            peer = self._peer(token)
            if too_many > 0 or of_peer[peer] > KEPT_OF_PEER_MAX:
                too_many, of_peer[peer] = too_many - 1, of_peer[peer] - 1
                self._purge_token(token)

    def _peer(self, token: StateToken[Any]) -> str:
        owner = self.owners.get(token.ident)
        return owner.peer if owner is not None else ""

    def _is_in_use(self, token: StateToken[Any]) -> bool:
        lock = self._states_locks.get(token.lock_key)
        return lock is not None and lock.locked()

    def _forget(self, token: str) -> None:
        self._purge_token(BaseStateToken(ident=token, cls=State))
