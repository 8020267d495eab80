"""Who runs this instance: whoever's sign-in has proven an operator's address. To anybody else it has no such pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import NotFound
from app.domain.ids import new_id
from app.domain.operators.tables import OperatorChange
from app.domain.people.sessions import Person
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, made by `find_operator` alone; of the same event, since a sign-in may end."""

    account_id: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What an operator did, as it is read."""

    id: str
    made_by: str
    about: str
    what: Mapping[str, Any]
    created_at: int


def find_operator(person: Person, addresses: frozenset[str]) -> Operator:
    """Returns a person as an operator; `addresses` are the operators'. Raises NotFound for everybody else."""
    if not person.has_proven(addresses):
        raise NotFound("There is no such page.")
    return Operator(person.account_id)


def note_change(session: Session, operator: Operator, about: str, what: Mapping[str, Any]) -> None:
    """Writes what an operator does, in the transaction that does it; `what` holds no secret."""
    session.add(OperatorChange(id=new_id("ochg"), made_by=operator.account_id, about=about, what=dict(what),
                               created_at=clock.now()))  # fmt: skip
    session.flush()


def read_changes(session: Session, count: int) -> Sequence[ChangeView]:
    """Returns what operators did last, the newest first."""
    changes = table_of(OperatorChange)
    # Ids of one millisecond are in no order.
    rows = session.execute(select(changes).order_by(changes.c.created_at.desc(), changes.c.id.desc()).limit(count))
    return [ChangeView(row.id, row.made_by, row.about, row.what, row.created_at) for row in rows]
