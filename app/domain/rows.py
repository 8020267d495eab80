"""Rows that are written in the same transaction as a ledger operation, grouped so that each kind is one statement."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.domain.ledger.operations import Applied
from app.domain.ledger.sql import Values, insert, update


@dataclass(frozen=True, slots=True)
class RowInsert:
    """A new row; its key must be new."""

    table: Table
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowUpdate:
    """New values for the row whose `id` this is."""

    table: Table
    id: str
    values: Mapping[str, Any]


Row = RowInsert | RowUpdate
Rows = Callable[[Applied], Sequence[Row]]
"""What to write beside an operation, given what it did. Pure; not called when the operation is refused."""


def write(session: Session, rows: Iterable[Row]) -> None:
    """Writes rows with one statement for each table, kind and set of columns, new rows before changes of rows.

    Ledger tables are refused.
    """
    groups: dict[tuple[Table, type, tuple[str, ...]], list[Values]] = defaultdict(list)
    for row in rows:
        if row.table.name.startswith("ledger_"):
            raise ValueError(f"{row.table.name} is written by app/domain/ledger/apply.py alone.")
        values = tuple(row.values.values())
        if isinstance(row, RowUpdate):
            values = (*values, row.id)
        groups[row.table, type(row), tuple(row.values)].append(values)
    for (table, kind, columns), values_list in sorted(groups.items(), key=lambda group: group[0][1] is RowUpdate):
        statement = insert(table, columns) if kind is RowInsert else update(table, columns)
        statement.run(session.connection(), values_list)
