"""Writes behind the answer what stopped requests that have no row: for their user, at most once a minute of a kind."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.errors import Blocked, LimitReached
from app.domain.rows import RowInsert, write
from app.domain.safety import log as safety
from app.domain.safety.log import Stopped
from app.domain.safety.tables import SafetyKind
from app.each_alone import alone
from app.flows.callers.asked import REASONS, Action, Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.keeper import Keeper

PAUSE_MICROSECONDS = 60 * clock.SECOND
REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that did not run: of whom, and for which model."""

    snapshot: Snapshot
    standing: Standing
    request_id: str
    model: str


class StoppedLog:
    """Notes for one process; nobody waits for it."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._noted: dict[tuple[str, str], int] = {}
        """When each was written last: of which wallet, and what it was."""

    def refused(self, asked: Refused, why: Blocked | LimitReached) -> None:
        """Notes that a rule refused a request. Returns at once."""
        kind = SafetyKind.LIMIT if isinstance(why, LimitReached) else SafetyKind.BLOCKED
        self._note(asked, Stopped(kind, why.code))

    def asked(self, asked: Refused, ask: Ask) -> None:
        """Notes that the user's own cap, or the want of an own key, stopped a request. Returns at once."""
        if ask.action in (Action.LIMIT, Action.OWN_KEY):
            kind = SafetyKind.LIMIT if ask.action is Action.LIMIT else SafetyKind.BLOCKED
            self._note(asked, Stopped(kind, REASONS[ask.action]))

    def _note(self, asked: Refused, stopped: Stopped) -> None:
        wallet = asked.standing.wallet
        if wallet is None:
            return  # nobody has a page on which it would stand
        one, now = (wallet.id, stopped.code), clock.now()
        if self._noted.get(one, 0) > now - PAUSE_MICROSECONDS:
            return
        if len(self._noted) >= REMEMBERED_MAX:
            self._noted.clear()
        self._noted[one] = now
        row = safety.row_of(stopped, asked.request_id, asked.snapshot.paywall_id, wallet.id, asked.model)
        self._keeper.keep(alone("stopped", asked.request_id, partial(_write, row)))


async def _write(row: RowInsert) -> None:
    def insert(session: Session) -> None:
        write(session, [row])

    await db.in_transaction(insert, writes=True)
