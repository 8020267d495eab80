"""Statements on many rows at once, in the words that each database is fastest with.

PostgreSQL gets one statement whose parameters are arrays (`unnest`), or a plain one for a single row, SQLite
one statement executed for each row. Their text does not depend on the number of rows, so that drivers and
databases keep them prepared. They go to the driver itself, inside SQLAlchemy's transaction and with its errors:
what SQLAlchemy does around each statement costs as much as the statement.
"""

import json
from collections.abc import Callable, Collection, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.sql.arrays import Texts, Whole64s
from app.sql.columns import OneOf, Whole

Values = Sequence[Any]
"""The values of one row, in the order of the statement's columns."""


class Link:
    """The driver's connection inside a transaction: its cursors, and its errors as SQLAlchemy's.

    `lost` is told of an error after which the connection cannot be used. What `after_commit` holds is called once
    the transaction has landed, by whoever commits it. Where the database `is_piped`, it is not waited for between
    statements, and writes to different tables go in one statement; `send` must then be called before the commit.
    """

    __slots__ = ("_connection", "_lost", "_unsent", "after_commit", "cursor", "dialect", "engine", "error",
                 "is_piped", "is_sqlite")  # fmt: skip

    def __init__(self, engine: Engine, connection: Any, lost: Callable[[Any], None], *, is_piped: bool = False) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        self.cursor: Any = connection.cursor()
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.is_piped = is_piped
        self.error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.after_commit: list[Callable[[], None]] = []
        self._connection = connection
        self._lost = lost
        self._unsent: dict[str, tuple[str, Sequence[Any]]] = {}

    def another_cursor(self) -> Any:
        """Returns a cursor whose result waits until it is fetched, whatever is asked meanwhile."""
        return self._connection.cursor() if self.is_piped else self.cursor

    def put(self, table: str, statement: str, columns: Sequence[Any]) -> None:
        """Keeps a write until `send`; what goes in one statement does not see what the rest of it writes."""
        if table in self._unsent:
            self.send()
        self._unsent[table] = (statement, columns)

    def send(self) -> None:
        """Sends the writes that were kept, as one statement."""
        if not self._unsent:
            return
        unsent, self._unsent = tuple(self._unsent.values()), {}
        statement = _all_in_one(tuple([text for text, _ in unsent]))
        try:
            self.cursor.execute(statement, [column for _, columns in unsent for column in columns])
        except self.error as error:
            raise self.failure(statement, error) from error

    def failure(self, statement: str, error: Any) -> DBAPIError:
        """Returns an error of the driver as SQLAlchemy's; a broken connection is given up."""
        is_lost = self.dialect.is_disconnect(error, self._connection, self.cursor)
        if is_lost:
            self._lost(error)
        made = DBAPIError.instance(
            statement, None, error, self.error, connection_invalidated=is_lost, dialect=self.dialect
        )
        assert isinstance(made, DBAPIError)  # noqa: S101 - it is for an error of the driver
        return made


@cache
def _all_in_one(statements: tuple[str, ...]) -> str:
    """Returns one statement that executes all of these."""
    *others, last = statements
    if not others:
        return last
    named = ", ".join(f"w{number} AS ({statement})" for number, statement in enumerate(others))
    return f"WITH {named} {last}"


def link_of(connection: "Connection | Link") -> Link:
    """Returns the link of a connection of SQLAlchemy's."""
    if isinstance(connection, Link):
        return connection
    return Link(connection.engine, connection.connection, connection.invalidate)


def session_link(session: Session) -> Link:
    """Returns the link of a session's transaction."""
    link = link_of(session.connection())

    def landed(_session: Session) -> None:
        for tell in link.after_commit:
            tell()

    event.listen(session, "after_commit", landed, once=True)
    return link


class Read:
    """A SELECT by a list of ids: the one parameter, written `IN ?`."""

    def __init__(self, text: str) -> None:
        on_sqlite = text.replace(" FOR NO KEY UPDATE", "")
        self._sqlite_one = on_sqlite.replace("IN ?", "= ?")
        self._sqlite = on_sqlite.replace("IN ?", "IN (SELECT value FROM json_each(?))")
        self._postgresql = text.replace("IN ?", "= ANY(%b)")

    def rows(self, connection: Connection | Link, ids: Collection[str]) -> Sequence[Any]:
        """Returns the rows of these ids as tuples; asks nothing if there are none."""
        return self.ask(connection, ids)()

    def ask(self, connection: Connection | Link, ids: Collection[str]) -> Callable[[], Sequence[Any]]:
        """Asks for the rows of these ids, and returns what waits for them: several questions cost one wait."""
        if not ids:
            return _nothing
        link = link_of(connection)
        link.send()
        cursor = link.another_cursor()
        try:
            if not link.is_sqlite:
                cursor.execute(self._postgresql, (Texts(sorted(ids)),))
            elif len(ids) == 1:
                cursor.execute(self._sqlite_one, tuple(ids))
            else:
                cursor.execute(self._sqlite, (json.dumps(sorted(ids), ensure_ascii=False),))
            if not link.is_piped:
                return partial(_same, cursor.fetchall())
        except link.error as error:
            raise link.failure(self._sqlite, error) from error
        return partial(self._fetch, link, cursor)

    def _fetch(self, link: Link, cursor: Any) -> Sequence[Any]:
        try:
            return cursor.fetchall()  # type: ignore[no-any-return]
        except link.error as error:
            raise link.failure(self._sqlite, error) from error


def _nothing() -> Sequence[Any]:
    return ()


def _same(rows: Sequence[Any]) -> Sequence[Any]:
    return rows


class Write:
    """An INSERT, UPDATE or DELETE of many rows, made by `insert`, `update` and `delete`."""

    def __init__(self, table: Table, columns: Sequence[str], sqlite: str, postgresql: str) -> None:
        self._table = table.name
        self._columns = [table.c[name] for name in columns]
        self._kinds = [Whole64s if isinstance(column.type, Whole) else Texts for column in self._columns]
        self._sqlite = sqlite
        self._postgresql_one = sqlite.replace("?", "%s")
        self._postgresql = postgresql
        self._processors: dict[str, list[tuple[int, Callable[[Any], Any]]]] = {}

    def run(self, connection: Connection | Link, rows: Sequence[Values]) -> None:
        """Executes the statement for all rows; does nothing if there are none."""
        if not rows:
            return
        link = link_of(connection)
        dialect = link.dialect
        if dialect.name not in self._processors:
            self._processors[dialect.name] = self._find_processors(dialect)
        if processors := self._processors[dialect.name]:
            rows = [_processed(row, processors) for row in rows]
        try:
            if link.is_sqlite:
                link.cursor.executemany(self._sqlite, rows)
            elif len(rows) == 1 and not link.is_piped:
                link.cursor.execute(self._postgresql_one, rows[0])
            else:
                columns = zip(*rows, strict=True)
                arrays = [kind(column) for kind, column in zip(self._kinds, columns, strict=True)]
                if link.is_piped:
                    link.put(self._table, self._postgresql, arrays)
                else:
                    link.cursor.execute(self._postgresql, arrays)
        except link.error as error:
            raise link.failure(self._sqlite, error) from error

    def _find_processors(self, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
        """Returns how values that no driver knows, such as JSON, are written, by their position.

        Both drivers write an enum's member as the text that it is.
        """
        types = ((at, column.type) for at, column in enumerate(self._columns) if not isinstance(column.type, OneOf))
        found = ((at, type_.dialect_impl(dialect).bind_processor(dialect)) for at, type_ in types)
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
def add_up(table: Table, keys: tuple[str, ...], sums: tuple[str, ...]) -> Write:
    """Returns the INSERT of rows of sums; those of a key that is there are added to it. No key may come twice."""
    columns = (*keys, *sums)
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    added = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    end = f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
    return Write(
        table,
        columns,
        f"{into} VALUES ({', '.join('?' * len(columns))}){end}",
        f"{into} SELECT * FROM unnest({_arrays(table, columns)}){end}",  # noqa: S608 - names of our own tables
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
    return ", ".join(f"%b::{'bigint' if isinstance(table.c[name].type, Whole) else 'text'}[]" for name in columns)
