"""Statements on many rows at once, in the words that each database is fastest with.

PostgreSQL gets one statement whose parameters are arrays (`unnest`), or a plain one for a single row, SQLite
one statement executed for each row. Their text does not depend on the number of rows, so that drivers and
databases keep them prepared. They go to the driver itself, inside SQLAlchemy's transaction and with its errors:
what SQLAlchemy does around each statement costs as much as the statement.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from app.domain.tables import Whole

Values = Sequence[Any]
"""The values of one row, in the order of the statement's columns."""


@contextmanager
def _driver(connection: Connection, statement: str) -> Iterator[Any]:
    """Opens a cursor of the driver. Its errors become SQLAlchemy's, and a broken connection is given up."""
    proxied = connection.connection
    cursor: Any = proxied.cursor()
    try:
        yield cursor
    except connection.dialect.loaded_dbapi.Error as error:
        is_lost = connection.dialect.is_disconnect(error, proxied.dbapi_connection, cursor)
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, connection.dialect.loaded_dbapi.Error, connection_invalidated=is_lost,
            dialect=connection.dialect,
        ) from error  # fmt: skip


class Read:
    """A SELECT by a list of ids: the one parameter, written `IN ?`."""

    def __init__(self, text: str) -> None:
        self._sqlite = text.replace("IN ?", "IN (SELECT value FROM json_each(?))").replace(" FOR NO KEY UPDATE", "")
        self._postgresql = text.replace("IN ?", "= ANY(%b)")

    def rows(self, connection: Connection, ids: Iterable[str]) -> Sequence[Any]:
        """Returns the rows of these ids as tuples; asks nothing if there are none."""
        wanted = sorted(ids)
        if not wanted:
            return ()
        with _driver(connection, self._sqlite) as cursor:
            if connection.dialect.name == "sqlite":
                cursor.execute(self._sqlite, (json.dumps(wanted, ensure_ascii=False),))
            else:
                cursor.execute(self._postgresql, (wanted,))
            return cursor.fetchall()  # type: ignore[no-any-return]


class Write:
    """An INSERT, UPDATE or DELETE of many rows, made by `insert`, `update` and `delete`."""

    def __init__(self, table: Table, columns: Sequence[str], sqlite: str, postgresql: str) -> None:
        self._columns = [table.c[name] for name in columns]
        self._sqlite = sqlite
        self._postgresql_one = sqlite.replace("?", "%s")
        self._postgresql = postgresql
        self._processors: dict[str, list[tuple[int, Callable[[Any], Any]]]] = {}

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Executes the statement for all rows; does nothing if there are none."""
        if not rows:
            return
        dialect = connection.dialect
        if dialect.name not in self._processors:
            self._processors[dialect.name] = self._find_processors(dialect)
        if processors := self._processors[dialect.name]:
            rows = [_processed(row, processors) for row in rows]
        with _driver(connection, self._sqlite) as cursor:
            if dialect.name == "sqlite":
                cursor.executemany(self._sqlite, rows)
            elif len(rows) == 1:
                cursor.execute(self._postgresql_one, rows[0])
            else:
                cursor.execute(self._postgresql, tuple(map(list, zip(*rows, strict=True))))

    def _find_processors(self, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
        """Returns how values that no driver knows, such as JSON, are written, by their position."""
        types = (column.type.dialect_impl(dialect) for column in self._columns)
        found = ((at, type_.bind_processor(dialect)) for at, type_ in enumerate(types))
        return [(at, processor) for at, processor in found if processor is not None]


def _processed(row: Values, processors: Sequence[tuple[int, Callable[[Any], Any]]]) -> Values:
    values: list[Any] | None = None
    for at, processor in processors:
        if row[at] is not None:
            values = values or list(row)
            values[at] = processor(row[at])
    return row if values is None else values


@cache
def insert(table: Table, columns: tuple[str, ...], *, unless_there: bool = False) -> Write:
    """Returns the INSERT of these columns; `unless_there` leaves rows alone whose key exists."""
    end = " ON CONFLICT DO NOTHING" if unless_there else ""
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    return Write(
        table,
        columns,
        f"{into} VALUES ({', '.join('?' * len(columns))}){end}",
        f"{into} SELECT * FROM unnest({_arrays(table, columns)}){end}",  # noqa: S608 - names of our own tables
    )


@cache
def update(table: Table, columns: tuple[str, ...], key: str = "id") -> Write:
    """Returns the UPDATE of these columns by key; a row's values are those of the columns, then the key."""
    named = (*columns, key)
    return Write(
        table,
        named,
        f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in columns)} WHERE {key} = ?",  # noqa: S608
        f"UPDATE {table.name} SET {', '.join(f'{name} = new.{name}' for name in columns)}"  # noqa: S608
        f" FROM unnest({_arrays(table, named)}) AS new ({', '.join(named)}) WHERE {table.name}.{key} = new.{key}",
    )


@cache
def delete(table: Table, key: str = "id") -> Write:
    """Returns the DELETE by key."""
    return Write(
        table,
        (key,),
        f"DELETE FROM {table.name} WHERE {key} = ?",  # noqa: S608
        f"DELETE FROM {table.name} WHERE {key} = ANY({_arrays(table, (key,))})",  # noqa: S608
    )


def _arrays(table: Table, columns: Sequence[str]) -> str:
    # In binary, because the driver escapes each text of a textual array with a regular expression.
    return ", ".join(f"%b::{'bigint' if isinstance(table.c[name].type, Whole) else 'text'}[]" for name in columns)
