"""Rows that are written in the same transaction as a ledger operation, grouped so that each kind is one statement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.domain.ledger.operations import Applied
from app.domain.record import record
from app.sql.statements import Link, Values, Write, delete, insert, link_of, update


@record(frozen=True, slots=True)
class RowInsert:
    """A new row; its key must be new."""

    table: Table
    values: Mapping[str, Any]


@record(frozen=True, slots=True)
class RowUpdate:
    """New values for the row whose `id` this is."""

    table: Table
    id: str
    values: Mapping[str, Any]


@record(frozen=True, slots=True)
class RowDelete:
    """Takes away the row whose `id` this is, if it is there."""

    table: Table
    id: str

    @property
    def values(self) -> Mapping[str, Any]:
        """No columns but the key."""
        return {}


Row = RowInsert | RowUpdate | RowDelete
Rows = Callable[[Applied], Sequence[Row]]
"""What to write beside an operation, given what it did. Pure; not called when the operation is refused."""


def write(session: Session | Link, rows: Iterable[Row]) -> None:
    """Writes rows with one statement for each table, kind and set of columns: new rows, then changes, then deletions.

    Of two changes of the same columns of one row the last counts. Ledger tables are refused.
    """
    groups: dict[tuple[Table, type, tuple[str, ...]], dict[str | int, Values]] = defaultdict(dict)
    for row in rows:
        if row.table.name.startswith("ledger_"):
            raise ValueError(f"{row.table.name} is written by app/domain/ledger/apply.py alone.")
        group = groups[row.table, type(row), tuple(row.values)]
        values = tuple(row.values.values())
        if isinstance(row, RowDelete):
            group[row.id] = (row.id,)
        elif isinstance(row, RowUpdate):
            # PostgreSQL would keep the first of two changes that one statement makes to a row.
            group[row.id] = (*values, row.id)
        else:
            group[len(group)] = values
    link = link_of(session if isinstance(session, Link) else session.connection())
    for (table, kind, columns), group in sorted(groups.items(), key=lambda item: _ORDER[item[0][1]]):
        _statement(table, kind, columns).run(link, list(group.values()))


_ORDER: dict[type, int] = {RowInsert: 0, RowUpdate: 1, RowDelete: 2}


def _statement(table: Table, kind: type, columns: tuple[str, ...]) -> Write:
    if kind is RowDelete:
        return delete(table)
    return insert(table, columns) if kind is RowInsert else update(table, columns)
