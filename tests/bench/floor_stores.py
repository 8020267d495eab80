"""The durable work of a floor: money is put aside before the upstream is called, and settled by its answer.

`none` does nothing; `sqlite-group` and `pg-group` commit for all that wait together, as a ledger of our build could at
best. Neither checks what ours does: no keys, no journal, no budgets.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, Protocol, TypeVar

import asyncpg

USERS = 1000
RESERVED, COST = 100, 75
GROUP_MAX = 500
BALANCE = 1_000_000_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL, reserved BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS usage (
  id {serial}, account_id BIGINT NOT NULL, cost BIGINT NOT NULL, settled BIGINT NOT NULL DEFAULT 0,
  model TEXT NOT NULL DEFAULT 'mock', created TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
"""
_ACCOUNTS = f"INSERT INTO account SELECT n, {BALANCE}, 0 FROM generate_series(0, {USERS}) n ON CONFLICT DO NOTHING"  # noqa: S608
_RESERVE_MANY = """
WITH r AS (SELECT id, count(*) AS n FROM unnest($1::bigint[]) AS id GROUP BY id ORDER BY id),
a AS (UPDATE account SET reserved = reserved + r.n * $2 FROM r WHERE account.id = r.id
      AND balance - reserved >= r.n * $2 RETURNING account.id)
INSERT INTO usage (account_id, cost) SELECT q.id, $2 FROM unnest($1::bigint[]) AS q(id) JOIN a USING (id)
RETURNING account_id, id"""
_SETTLE_MANY = """
WITH u AS (UPDATE usage SET settled = 1, cost = $2 WHERE id = ANY($1::bigint[]) AND settled = 0 RETURNING account_id),
s AS (SELECT account_id, count(*) AS n FROM u GROUP BY account_id)
UPDATE account a SET balance = balance - s.n * $2, reserved = reserved - s.n * $3 FROM s WHERE a.id = s.account_id"""

Given = TypeVar("Given")
Got = TypeVar("Got")


class Store(Protocol):
    """What a floor writes."""

    async def open(self) -> None:
        """Makes it ready, once, before anything else."""

    async def reserve(self, user: int) -> int:
        """Puts money aside, and returns the id of that."""

    async def settle(self, user: int, token: int) -> None:
        """Takes what it cost; durable when this returns."""


class NoStore:
    """Writes nothing."""

    def __init__(self, database: str = "") -> None:
        pass

    async def open(self) -> None:
        pass

    async def reserve(self, user: int) -> int:
        return user

    async def settle(self, user: int, token: int) -> None:
        pass


class SqliteGroup(NoStore):
    """A thread owns the connection, and commits debit and row of all that wait together."""

    def __init__(self, database: str) -> None:
        self._path = database
        self._queue: queue.SimpleQueue[tuple[int, asyncio.Future[None]]] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._write, daemon=True).start()

    async def settle(self, user: int, token: int) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((user, done))
        await done

    def _write(self) -> None:
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA.format(serial="INTEGER PRIMARY KEY"))
        accounts = [(number, BALANCE) for number in range(USERS)]
        db.executemany("INSERT OR IGNORE INTO account VALUES (?, ?, 0)", accounts)
        while True:
            batch = [self._queue.get()]
            while len(batch) < GROUP_MAX and not self._queue.empty():
                batch.append(self._queue.get())
            db.execute("BEGIN IMMEDIATE")
            for user, _ in batch:
                db.execute("UPDATE account SET balance = balance - ? WHERE id = ? AND balance >= ?", (COST, user, COST))
                db.execute("INSERT INTO usage (account_id, cost, settled) VALUES (?, ?, 1)", (user, COST))
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_answer_all, [done for _, done in batch])


def _answer_all(waiting: list["asyncio.Future[None]"]) -> None:
    for done in waiting:
        if not done.done():
            done.set_result(None)


class Batch(Generic[Given, Got]):
    """Everything that comes while a statement runs goes into the next one, in one transaction."""

    def __init__(self, run: Callable[[list[Given]], Awaitable[list[Got]]]) -> None:
        self._run = run
        self._waiting: list[tuple[Given, asyncio.Future[Got]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def __call__(self, item: Given) -> Got:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Got] = loop.create_future()
        self._waiting.append((item, done))
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        return await done

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            results = await self._run([item for item, _ in batch])
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)
        self._worker = None


class PostgresGroup:
    """Reserves and settles in one statement for all that wait together."""

    def __init__(self, database: str) -> None:
        self._url = database
        self._pool: asyncpg.Pool[asyncpg.Record]
        self._reserving: Batch[int, int] = Batch(self._reserve_many)
        self._settling: Batch[int, None] = Batch(self._settle_many)

    async def open(self) -> None:
        db = await asyncpg.connect(self._url)
        await db.execute(_SCHEMA.format(serial="BIGSERIAL PRIMARY KEY"))
        await db.execute(_ACCOUNTS)
        await db.close()
        self._pool = await asyncpg.create_pool(self._url, min_size=10, max_size=10)

    async def reserve(self, user: int) -> int:
        return await self._reserving(user)

    async def settle(self, user: int, token: int) -> None:
        await self._settling(token)

    async def _reserve_many(self, users: list[int]) -> list[int]:
        ids: dict[int, list[int]] = {}
        for row in await self._pool.fetch(_RESERVE_MANY, users, RESERVED):
            ids.setdefault(row[0], []).append(row[1])
        return [ids[user].pop() for user in users]

    async def _settle_many(self, tokens: list[int]) -> list[None]:
        await self._pool.execute(_SETTLE_MANY, tokens, COST, RESERVED)
        return [None] * len(tokens)


STORES: Mapping[str, Callable[[str], Store]] = {
    "none": NoStore,
    "sqlite-group": SqliteGroup,
    "pg-group": PostgresGroup,
}
