"""What a session executes, and what the database says of how it will."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app import db


@contextmanager
def watched(session: Session) -> Iterator[list[tuple[str, Any]]]:
    """Notes the statements that are executed."""
    said: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        said.append((statement, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield said
    event.remove(connection, "before_cursor_execute", note)


def plan_of(session: Session, statement: str, values: Any) -> str:
    """Returns the plan of a statement, a step a line."""
    explain = "EXPLAIN QUERY PLAN " if db.is_sqlite() else "EXPLAIN "
    rows = session.connection().exec_driver_sql(explain + statement, values).all()
    return "\n".join(str(row[-1]) for row in rows)
