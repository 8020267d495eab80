"""The opponents of `tests.bench.ledger`: one transaction an operation, in SQL written for nothing else.

`PlainHere` goes through `app.db` as any flow would without the queue: the same lock file, pool, sessions and
error handling. `PlainSqlite` and `PlainPostgres` are bare drivers with none of that, the floor of this machine.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg

from app import db

READ_ACCOUNT = "SELECT posted, held FROM ledger_account WHERE id = ?"
HOLD = "UPDATE ledger_account SET held = held + ? WHERE id = ?"
ADD_HOLD = (
    "INSERT INTO ledger_hold (id, inputs_hash, account_id, owner, status, amount, from_promo, bound, metered,"
    " charged, created_at) VALUES (?, 'x', ?, 'bench', 'open', ?, 0, ?, 0, 0, 0)"
)
READ_HOLD = "SELECT amount, status FROM ledger_hold WHERE id = ?"
SETTLE = "UPDATE ledger_account SET posted = posted - ?, held = held - ? WHERE id = ?"
CLOSE_HOLD = "UPDATE ledger_hold SET status = 'settled', charged = ?, asked = ?, closed_at = 0 WHERE id = ?"
ADD_TRANSFER = (
    "INSERT INTO ledger_transfer (posting_id, line, debit_account_id, credit_account_id, amount, type, created_at)"
    " VALUES (?, 0, ?, ?, ?, 'charge', 0)"
)
ADD_DELTA = "INSERT INTO ledger_delta (account_id, amount) VALUES (?, ?)"


class Cursor(Protocol):
    def execute(self, sql: str, values: tuple[Any, ...]) -> Any: ...


class Plain:
    """Holds and settles, each in a transaction of its own; `lock` ends the statements that read a row to change it."""

    lock = ""

    def __init__(self, threads: int) -> None:
        self.threads = ThreadPoolExecutor(threads)
        self._local = threading.local()
        self._connections: list[Any] = []

    def connect(self) -> Any:
        raise AssertionError("Each database connects in its own way.")

    def transaction(self) -> AbstractContextManager[Cursor]:
        raise AssertionError("Each database begins in its own way.")

    def connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = self.connect()
            self._connections.append(self._local.connection)
        return self._local.connection

    def hold(self, hold_id: str, account_id: str, amount: int) -> None:
        with self.transaction() as cursor:
            posted, held = cursor.execute(READ_ACCOUNT + self.lock, (account_id,)).fetchone()
            assert posted - held >= amount
            cursor.execute(HOLD, (amount, account_id))
            cursor.execute(ADD_HOLD, (hold_id, account_id, amount, amount))

    def settle(self, hold_id: str, account_id: str, revenue_id: str, charge: int) -> None:
        with self.transaction() as cursor:
            amount, status = cursor.execute(READ_HOLD + self.lock, (hold_id,)).fetchone()
            assert status == "open"
            cursor.execute(SETTLE, (charge, amount, account_id))
            cursor.execute(CLOSE_HOLD, (charge, charge, hold_id))
            cursor.execute(ADD_TRANSFER, (f"settle:{hold_id}", account_id, revenue_id, charge))
            cursor.execute(ADD_DELTA, (revenue_id, charge))

    def close(self) -> None:
        self.threads.shutdown()
        for connection in self._connections:
            connection.close()


class PlainHere(Plain):
    """Through `app.db`, from as many threads as it has connections for."""

    def __init__(self) -> None:
        super().__init__(20)
        self.lock = "" if db.is_sqlite() else PlainPostgres.lock
        self._spell = str if db.is_sqlite() else _spelled_for_psycopg

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        with db.transaction() as session:
            yield _Executing(session.connection().exec_driver_sql, self._spell)


class PlainSqlite(Plain):
    """One connection, as SQLite has one writer anyway."""

    def __init__(self, path: Path) -> None:
        super().__init__(1)
        self._path = path

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


class PlainPostgres(Plain):
    """Twenty connections, which is where it is fastest on a small machine."""

    lock = " FOR NO KEY UPDATE"

    def __init__(self, url: str) -> None:
        super().__init__(20)
        self._url = url

    def connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self._url)

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        connection = self.connection()
        with connection.transaction():
            yield _Executing(connection.execute, _spelled_for_psycopg)


class _Executing:
    """Executes statements in the spelling of one driver."""

    def __init__(self, execute: Callable[[str, tuple[Any, ...]], Any], spell: Callable[[str], str]) -> None:
        self._execute = execute
        self._spell = spell

    def execute(self, sql: str, values: tuple[Any, ...]) -> Any:
        return self._execute(self._spell(sql), values)


@cache
def _spelled_for_psycopg(sql: str) -> str:
    return sql.replace("?", "%s")
