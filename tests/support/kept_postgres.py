"""A migrated PostgreSQL database that a process's tests have one after another, emptied between two of them.

Copying one for each test and dropping it again was a tenth of a second, two thousand times. One whose schema a test
changed, of which the planner learned, or that held much is thrown away, so that no test meets more than its own.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from tests.support.waiting import wait_until

ROWS_MAX = 5_000
"""How many rows may have been in it altogether: what is deleted leaves its room behind."""

_SCHEMA = """
    SELECT (SELECT (count(*), sum(oid::bigint)) FROM pg_class WHERE relnamespace = 'public'::regnamespace)::text,
           (SELECT (count(*), sum(oid::bigint), count(*) FILTER (WHERE convalidated)) FROM pg_constraint)::text,
           (SELECT (count(*), sum(oid::bigint), sum(ascii(tgenabled))) FROM pg_trigger)::text,
           (SELECT (count(*), sum(oid::bigint)) FROM pg_proc)::text,
           (SELECT (count(*), count(*) FILTER (WHERE attnotnull), count(*) FILTER (WHERE attisdropped))
              FROM pg_attribute)::text,
           (SELECT count(*) FROM pg_statistic)::text
"""
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COUNTED = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
_OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_END_OTHERS = _OTHERS.replace("SELECT pid", "SELECT pg_terminate_backend(pid)")


class KeptDatabase:
    """One such database, at `url`; what it held when it was new is in it whenever a test begins."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)
        asked = [SQL("(SELECT {} FROM {} LIMIT 1)").format(table, Identifier(table)) for table in self._all(_TABLES)]
        self._filled = SQL(" UNION ALL ").join(asked)
        self._seeds = {table: self._copied(table) for table in self._all(self._filled)}
        self._counted = set(self._all(_COUNTED))
        self._schema = self._read_schema()
        self._rows = 0
        self._connection.execute("SET session_replication_role = replica")  # no key and no trigger looks on

    def empty(self) -> bool:
        """Takes out what a test wrote; False if the database is not to be used again."""
        self._connection.execute(_END_OTHERS)
        wait_until(lambda: not self._all(_OTHERS))
        if self._read_schema() != self._schema:
            return False
        with self._connection.transaction():
            for table in self._all(self._filled):
                self._rows += self._connection.execute(SQL("DELETE FROM {}").format(Identifier(table))).rowcount
            for table, rows in self._seeds.items():
                with self._connection.cursor().copy(SQL("COPY {} FROM STDIN").format(Identifier(table))) as copy:
                    copy.write(rows)
            for sequence in set(self._all(_COUNTED)) - self._counted:
                self._connection.execute(SQL("ALTER SEQUENCE {} RESTART").format(Identifier(sequence)))
        return self._rows <= ROWS_MAX

    def close(self) -> None:
        self._connection.close()

    def _read_schema(self) -> Any:
        return self._connection.execute(_SCHEMA).fetchone()

    def _all(self, statement: LiteralString | Composed) -> list[str]:
        return [str(row[0]) for row in self._connection.execute(statement)]

    def _copied(self, table: str) -> bytes:
        with self._connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as copy:
            return b"".join(bytes(part) for part in copy)


class KeptDatabases:
    """The database of this process's tests, a new one wherever the last cannot be used again.

    `fresh` makes one and drops it with its block.
    """

    def __init__(self, fresh: Callable[[], Iterator[str]]) -> None:
        self._fresh = contextmanager(fresh)
        self._opened: Any = None
        self._kept: KeptDatabase | None = None

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lends the database for the block; yields its URL."""
        if self._kept is None:
            self._opened = self._fresh()
            self._kept = KeptDatabase(self._opened.__enter__())
        try:
            yield self._kept.url
        finally:
            if not self._kept.empty():
                self.drop()

    def drop(self) -> None:
        """Drops what there is."""
        if self._kept is not None:
            with closing(self._kept):
                self._kept = None
            self._opened.__exit__(None, None, None)
