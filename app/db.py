"""The database: an engine made on first use, transactions, migrations. Commits happen here and in the queue.

SQLite runs in WAL with synchronous=FULL; every writing transaction of every process holds a lock file and
begins with BEGIN IMMEDIATE, because SQLite's own waiting starves a second process for seconds.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as Session

from app import settings, threads
from app.domain.errors import Unavailable
from app.private_files import make_private, open_private
from app.sql.arrays import prepare_postgresql
from app.sql.once import snapshot_info

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent.parent / "alembic"
ATTEMPTS_MAX = 4
"""How often a transaction is run before a conflict is its answer."""

_CONFLICTS = frozenset({"40001", "40P01"})
_WRITES = "coinslot_writes"
_READS = {_WRITES: False, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_POSTGRESQL: dict[str, Any] = {
    "connect_timeout": 5,
    # A server that vanished without a word is noticed after 20 seconds.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
    # The locks of the ledger are read after waiting for them, which a snapshot would not allow.
    "options": "-c timezone=UTC -c default_transaction_isolation=read\\ committed -c lock_timeout=15s"
    " -c idle_in_transaction_session_timeout=120s"
    # A statement that was planned while its table was small must not go on to scan it when it has grown.
    " -c enable_seqscan=off",
}

_lock = threading.Lock()
_engine: Engine | None = None
_claim: IO[str] | None = None
_lock_files: dict[tuple[str, int], IO[str]] = {}


class Repeatable(Unavailable):
    """A transaction that wrote nothing for sure, and may be run again at once."""


class WriteConflict(Repeatable):
    """The database chose this transaction to give way to another."""

    code = "write_conflict"


class ConnectionLost(Repeatable):
    """The connection broke before the commit was sent; a new one may work."""

    code = "connection_lost"


def engine() -> Engine:
    """Returns the engine of this process, made on first use."""
    global _engine
    with _lock:
        if _engine is None:
            _engine = _make_engine(settings.get().database)
        return _engine


def dispose() -> None:
    """Closes all connections; the next use makes a new engine."""
    global _engine, _claim
    with _lock:
        if _engine is not None:
            _engine.dispose()
        if _claim is not None:
            _claim.close()
        for path, process in list(_lock_files):
            if process == os.getpid():
                _lock_files.pop((path, process)).close()
        _engine = _claim = None


def _make_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        made = create_engine(url, pool_size=10, max_overflow=20, pool_timeout=10, connect_args=_POSTGRESQL)
        event.listen(made, "connect", prepare_postgresql)
        return made
    made = create_engine(url, pool_size=10, max_overflow=20, pool_timeout=10)
    make_private(Path(made.url.database or ""))  # its -wal and -shm get the rights that it has
    event.listen(made, "connect", _prepare_sqlite)
    event.listen(made, "begin", _begin_sqlite)
    return made


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "recursive_triggers=ON",  # without it REPLACE goes past the triggers that keep transfers
        "journal_size_limit=67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    if connection.info.get(_WRITES) is not writes:
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
        connection.info[_WRITES] = writes
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def let_write(proxied: Any) -> None:
    """Lets a connection from the pool write that a reader may have had before."""
    if is_sqlite():
        proxied.driver_connection.execute("PRAGMA query_only=OFF")
        proxied.info[_WRITES] = True


_writer = threading.Lock()
_this_thread = threading.local()


@contextmanager
def _only_writer(made: Engine) -> Iterator[None]:
    """Waits for the turn to write to SQLite, in this process and among all."""
    if getattr(_this_thread, "writes", False):
        raise RuntimeError("A writing transaction inside another would wait for itself.")
    with _writer:
        file = _lock_file(f"{made.url.database}.lock")
        fcntl.flock(file, fcntl.LOCK_EX)
        _this_thread.writes = True
        try:
            yield
        finally:
            _this_thread.writes = False
            fcntl.flock(file, fcntl.LOCK_UN)


def _lock_file(path: str) -> IO[str]:
    """Returns the open lock file, opened once: a lock belongs to an open file, and each process needs its own."""
    opened = (path, os.getpid())
    if opened not in _lock_files:
        _lock_files[opened] = open_private(Path(path), "a")
    return _lock_files[opened]


def turn_to_write(made: Engine) -> Any:
    """Waits for the turn to write, where only one may."""
    return _only_writer(made) if made.dialect.name == "sqlite" else nullcontext()


@contextmanager
def transaction(*, writes: bool = True) -> Iterator[Session]:
    """Opens a session, commits it at the end, rolls it back on any error.

    Without `writes` the database itself refuses to write and shows one snapshot throughout. Raises
    Unavailable when the database cannot be reached or cannot take more, Repeatable when the transaction
    certainly wrote nothing and may be run again at once.
    """
    is_committing = False
    with translated(lambda: is_committing):
        made = engine()
        with turn_to_write(made) if writes else nullcontext(), made.connect() as connection:
            is_postgresql = made.dialect.name == "postgresql"
            connection.execution_options(**(_READS if is_postgresql and not writes else {_WRITES: writes}))
            info = None if writes else snapshot_info()
            with Session(connection, autoflush=False, expire_on_commit=False, info=info) as session, session.begin():
                if is_postgresql and not writes:
                    session.execute(text("SET LOCAL enable_seqscan = on"))
                yield session
                session.flush()
                is_committing = True


@contextmanager
def translated(is_committing: Callable[[], bool]) -> Iterator[None]:
    """Lets what the database or its driver raises out as `transaction` says."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise _unavailable(error, is_committing()) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _unavailable(error, is_committing()) from error
        raise


def _unavailable(error: Exception, is_committing: bool) -> Unavailable:
    if getattr(getattr(error, "orig", None), "sqlstate", None) in _CONFLICTS:
        return WriteConflict("Another transaction went first; try again.")
    if type(getattr(error, "orig", None)).__name__ == "PipelineAborted":
        return Repeatable("A statement of the pipeline failed and nothing was written; without a pipeline it says why.")
    if isinstance(error, DBAPIError) and error.connection_invalidated and not is_committing:
        return ConnectionLost("The connection to the database broke; nothing was charged.")
    if is_committing:
        return Unavailable("The database did not answer; ask again with the same key to see what happened.")
    return Unavailable("The database cannot be reached or cannot take more; nothing was charged.")


def is_sqlite() -> bool:
    """Tells whether the database is a SQLite file."""
    return engine().dialect.name == "sqlite"


def claim_sqlite_file() -> None:
    """Makes this the one process that serves the SQLite file. Raises Unavailable if another does.

    The claim ends with the process, however it ends, or with dispose().
    """
    global _claim
    if _claim is not None:
        return
    file = open_private(Path(f"{engine().url.database}.serving"), "w")  # held open for as long as the claim
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Unavailable(f"Another process is serving {engine().url.database} already.") from None
    _claim = file


async def in_transaction(function: Callable[[Session], T], *, writes: bool = False) -> T:
    """Runs `function` with a session in a thread, in one transaction; read-only unless `writes`.

    It is run again if the transaction had to give way, lost its connection before the commit, or wrote a
    row that another had written meanwhile and that it now finds; so it changes nothing but the database.
    Raises Unavailable as `transaction` does.
    """

    def run() -> T:
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                with transaction(writes=writes) as session:
                    return function(session)
            except (Repeatable, IntegrityError):
                continue
        with transaction(writes=writes) as session:
            return function(session)

    return await threads.SQL.run(run)


def migrate() -> None:
    """Brings the database to the newest migration. Safe from several processes at once.

    Raises Unavailable if the database cannot be reached, or is none.
    """
    from alembic import command

    try:
        with _migrating() as connection:
            command.upgrade(_alembic(connection), "head")
    except DBAPIError as error:
        where = engine().url.render_as_string(hide_password=True)
        raise Unavailable(f"{where} cannot be used: {str(error.orig).splitlines()[0]}") from error


def is_migrated() -> bool:
    """Tells whether the database is reachable and at the newest migration. Raises Unavailable."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with transaction(writes=False) as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    return current == ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _alembic(connection: Connection) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _migrating() -> Iterator[Connection]:
    """Opens the one connection that migrates; others wait for it to end, however long it takes."""
    made = engine()
    with turn_to_write(made), made.begin() as connection:
        if made.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(726173)"))
        yield connection
