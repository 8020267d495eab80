"""Breakers as operators read them: what each living process has opened, since when, until when and why."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.leases.leases import living_processes
from app.domain.routing.breaker import OPERATORS, Breaker, BreakerName, State
from app.domain.routing.tables import ModelBreaker
from app.sql.columns import table_of

LISTED_MAX = 200
"""How many are listed."""
TABLE = table_of(ModelBreaker)


@dataclass(frozen=True, slots=True)
class KeptBreaker:
    """A breaker of one process that is not closed."""

    process: str
    name: BreakerName
    breaker: Breaker

    @property
    def state(self) -> State:
        """What it does with a request now."""
        return self.breaker.state(clock.now())


def note(session: Session, process: str, name: BreakerName, breaker: Breaker) -> None:
    """Writes how a breaker of a process stands, and forgets it where it is closed, and those of processes that died."""
    of_this = (TABLE.c.process == process) & (TABLE.c.provider == name.provider) & (TABLE.c.model == name.model)
    session.execute(delete(TABLE).where(of_this, TABLE.c.credential == name.credential))
    session.execute(delete(TABLE).where(TABLE.c.process.not_in([process, *living_processes(session)])))
    if breaker.open_until is not None:
        session.add(ModelBreaker(process=process, provider=name.provider, model=name.model, credential=name.credential,
                                 since=breaker.since, open_until=breaker.open_until, probe_until=breaker.probe_until,
                                 reason=breaker.reason))  # fmt: skip
    session.flush()


def list_open(session: Session) -> list[KeptBreaker]:
    """Returns the breakers of living processes that are not closed, those of the operator's key and the longest first.

    200 at most: whoever has a key of their own may open as many of theirs as they like.
    """
    living = TABLE.c.process.in_(living_processes(session))
    in_order = (TABLE.c.credential != OPERATORS, TABLE.c.since, TABLE.c.model)
    rows = session.execute(select(TABLE).where(living).order_by(*in_order).limit(LISTED_MAX))
    return [
        KeptBreaker(
            row.process,
            BreakerName(row.provider, row.model, row.credential),
            Breaker(0, row.open_until, 0, row.probe_until, row.since, row.reason),
        )
        for row in rows
    ]
