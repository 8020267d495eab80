"""Group commit: everything that waits goes into one transaction, and is answered after its commit.

One writer thread per process. A batch that the database refuses is repeated one operation per transaction,
so that one bad operation never fails its neighbours.
"""

import asyncio
import copy
import threading
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError

from app import db
from app.db_writer import Writer
from app.domain import rows
from app.domain.errors import Unavailable
from app.domain.ledger.apply import Outcome, apply
from app.domain.ledger.operations import Applied, Operation
from app.domain.rows import Row, Rows
from app.sql.statements import Link

log = structlog.get_logger()


TURNS_MAX = 3
"""For how many turns of the event loop the writer lets more operations join those that woke it."""


def no_rows(_applied: Applied) -> Sequence[Row]:
    """Writes nothing beside the operation."""
    return ()


@dataclass(frozen=True, slots=True)
class Failed:
    """Why an operation did not land, as a value: what crosses threads and waits in lists must hold no frames.

    An exception that was raised holds them, and with them the batch and all requests in it. `error` never was.
    """

    error: Exception

    @classmethod
    def by(cls, raised: Exception) -> "Failed":
        """Returns the value of an error that was raised and has been caught for good: its frames are emptied."""
        link: BaseException | None = raised
        while link is not None:
            traceback.clear_frames(link.__traceback__)
            link = link.__cause__ or link.__context__
        try:
            return cls(copy.copy(raised))
        except (TypeError, ValueError, AttributeError):  # it cannot be made from what it says of itself
            return cls(RuntimeError(repr(raised)))

    def anew(self) -> Exception:
        """Returns the error for one caller to raise."""
        return copy.copy(self.error)


Answer = Applied | Failed


@dataclass(slots=True)
class _Waiting:
    operation: Operation
    rows: Rows
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Answer]


class Landing:
    """A commit's outcome to come. Awaiting it gives what was applied, or raises an error of the caller's own."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[Answer]) -> None:
        self._future = future

    def __await__(self) -> Generator[Any, None, Applied]:
        answer = yield from self._future.__await__()
        if isinstance(answer, Failed):
            raise answer.anew()
        return answer


class CommitQueue:
    """The queue of one process. Start it before the first commit, drain it at the end."""

    def __init__(self, operations_max: int, batch_max: int) -> None:
        self._operations_max = operations_max
        self._batch_max = batch_max
        self._arrived: list[_Waiting] = []
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._is_ringing = False
        self._lock = threading.Lock()
        self._waiting = 0
        self._is_open = False
        self._thread: threading.Thread | None = None
        self.batches = 0
        self.operations = 0

    @property
    def waiting(self) -> int:
        """How many operations wait for their commit; `batches` and `operations` count what was answered."""
        return self._waiting

    def start(self) -> None:
        """Starts the writer."""
        self._is_open = True
        self._thread = threading.Thread(target=self._run, name="commit-queue", daemon=True)
        self._thread.start()

    async def commit(self, operation: Operation, beside: Rows = no_rows) -> Applied:
        """Applies one operation and what `beside` says to write with it, and returns after the commit.

        Raises LedgerRefused if the ledger will not, Unavailable if the queue is full or the database is
        away. Then nothing was written, except that after Unavailable a commit whose answer was lost may
        have landed: the same operation asked again tells.
        """
        return await self.submit(operation, beside)

    def submit(self, operation: Operation, beside: Rows = no_rows) -> Landing:
        """Begins a commit, and returns its outcome to come; cancelling that does not take the commit back.

        Raises Unavailable at once if the queue is full or closed.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(operation, beside, loop, loop.create_future())
        # Inside the lock, so that nothing can come behind the end of the queue and wait for ever.
        with self._lock:
            if not self._is_open:
                raise Unavailable("The service is stopping; nothing was charged.")
            if self._waiting >= self._operations_max:
                raise Unavailable(f"{self._waiting} operations are waiting already; nothing was charged.")
            self._waiting += 1
            self._arrived.append(waiting)
            has_rung, self._is_ringing = self._is_ringing, True
        if not has_rung:
            loop.call_soon(self._ring, loop, 1, 0)
        return Landing(waiting.future)

    def _ring(self, loop: asyncio.AbstractEventLoop, seen: int, turns: int) -> None:
        """Wakes the writer once a turn of the event loop has brought nothing more: who comes together goes together."""
        arrived = len(self._arrived)
        if arrived > seen and turns < TURNS_MAX:
            loop.call_soon(self._ring, loop, arrived, turns + 1)
        else:
            self._bell.put(None)

    async def drain(self) -> None:
        """Commits what waits and stops the writer; later commits are refused."""
        self._close()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.to_thread(thread.join)

    def _close(self) -> None:
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._bell.put(None)

    def _run(self) -> None:
        writer = Writer()
        try:
            while self._serve(writer):
                pass
        finally:
            writer.close()

    def _serve(self, writer: Writer) -> bool:
        """Commits one batch, and lets go of it: requests must not be kept until the next one comes."""
        batch = self._take()
        if batch:
            self._answer(batch, _commit(writer, batch))
        return bool(batch)

    def _take(self) -> list[_Waiting]:
        """Waits for operations and takes those that are there; nothing at the end of the queue."""
        while True:
            self._bell.get()
            with self._lock:
                batch, self._arrived = self._arrived[: self._batch_max], self._arrived[self._batch_max :]
                self._is_ringing = bool(self._arrived)
                if self._arrived or (batch and not self._is_open):
                    self._bell.put(None)  # the rest, or the end, is next
                if batch or not self._is_open:
                    return batch

    def _answer(self, batch: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
        """Hands the answers of a batch to its event loop in one hop."""
        with self._lock:
            self._waiting -= len(batch)
            self.batches += 1
            self.operations += len(batch)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], Answer]]] = {}
        for waiting, answer in zip(batch, answers, strict=True):
            by_loop.setdefault(waiting.loop, []).append((waiting.future, answer))
        for loop, answered in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, answered)
            except RuntimeError:
                log.warning("commit_queue", step="answer", lost=len(answered), reason="the event loop is closed")


def _resolve(answered: Sequence[tuple[asyncio.Future[Answer], Answer]]) -> None:
    for future, answer in answered:
        if not future.done():
            future.set_result(answer)


def _commit(writer: Writer, batch: Sequence[_Waiting]) -> Sequence[Answer]:
    """Commits a batch, or says for each operation why not; nothing that fails in one stops the writer."""
    failure = Failed(Unavailable("Nothing was tried."))
    for attempt in range(1, db.ATTEMPTS_MAX + 1):
        try:
            # What failed in a pipeline is repeated without one, which says exactly what it was.
            outcomes = _write(writer, batch, pipelined=attempt == 1)
            return [outcome if isinstance(outcome, Applied) else Failed(outcome) for outcome in outcomes]
        except Exception as error:
            log.warning("commit_queue", step="commit", operations=len(batch), attempt=attempt, error=repr(error))
            failure = Failed.by(error)
        if not _may_land_next_time(failure.error, attempt):
            break
    if isinstance(failure.error, Unavailable):
        # A database that is away is not asked again for each.
        return [failure for _ in batch]
    if len(batch) == 1:
        return [failure]
    return [answer for waiting in batch for answer in _commit(writer, (waiting,))]


def _write(writer: Writer, batch: Sequence[_Waiting], *, pipelined: bool) -> Sequence[Outcome]:
    def work(link: Link) -> list[Outcome]:
        outcomes = apply(link, [waiting.operation for waiting in batch])
        rows.write(link, [
            row
            for waiting, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Applied) and not outcome.is_replay
            for row in waiting.rows(outcome)
        ])  # fmt: skip
        return outcomes

    return writer.run(work, pipelined=pipelined)


def _may_land_next_time(failure: Exception, attempt: int) -> bool:
    """Tells whether another process may only have gone first: its row, or its lock, is there to be read now."""
    return isinstance(failure, db.Repeatable) or (isinstance(failure, IntegrityError) and attempt == 1)
