"""The one connection of a thread that does nothing but write: kept open, and begun and committed on the driver itself.

What SQLAlchemy does around a transaction costs as much as a small batch of the ledger.
"""

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app import db
from app.sql.statements import Link

T = TypeVar("T")


class Writer:
    """Runs writing transactions one after another, in one thread."""

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._proxied: Any = None

    def run(self, work: Callable[[Link], T], *, pipelined: bool) -> T:
        """Runs `work` in a transaction, commits it, and returns what it returned; on any error nothing was written.

        With `pipelined` PostgreSQL is not waited for between statements whose result nobody reads; an error of one
        may then come as late as the commit, which it prevents. Raises as `db.transaction` does.
        """
        is_committing = has_landed = False
        with db.translated(lambda: is_committing):
            made = db.engine()
            with db.turn_to_write(made):
                link = self._open(made, is_piped=pipelined and made.dialect.name == "postgresql")
                try:
                    # Leaving the pipeline waits for the commit, and raises what failed on the way.
                    with self._proxied.driver_connection.pipeline() if link.is_piped else nullcontext():
                        link.cursor.execute("BEGIN IMMEDIATE" if link.is_sqlite else "BEGIN")
                        done = work(link)
                        link.send()
                        is_committing = True
                        link.cursor.execute("COMMIT")
                    has_landed = True
                except link.error as error:
                    raise link.failure("COMMIT" if is_committing else "BEGIN", error) from error
                finally:
                    if not has_landed:
                        self._roll_back(link)
        for landed in link.after_commit:
            landed()
        return done

    def close(self) -> None:
        """Gives the connection back."""
        proxied, self._proxied = self._proxied, None
        if proxied is not None:
            if not db.is_sqlite():
                proxied.driver_connection.autocommit = False
            proxied.close()

    def _open(self, made: Engine, *, is_piped: bool) -> Link:
        if self._engine is not made:
            self._lose(None)
            self._engine = made
        if self._proxied is None:
            self._proxied = _connect(made)
        return Link(made, self._proxied, self._lose, is_piped=is_piped)

    def _roll_back(self, link: Link) -> None:
        """Takes back what is not committed; a connection that cannot even do that is given up."""
        if self._proxied is None:
            return
        failure: Exception | None = None
        try:
            # The driver's own, because it also forgets the statements that it took for prepared and that never were.
            self._proxied.driver_connection.rollback()
        except link.error as error:
            failure = error
        # The error that led here would keep the statement, and with it SQLite's file.
        link.cursor.close()
        if failure is not None:
            self._lose(failure)

    def _lose(self, error: Any) -> None:
        proxied, self._proxied = self._proxied, None
        if proxied is not None:
            with suppress(SQLAlchemyError):
                proxied.invalidate(error)


def _connect(made: Engine) -> Any:
    driver_error = made.dialect.loaded_dbapi.Error
    try:
        proxied = made.raw_connection()
        db.let_write(proxied)
        if made.dialect.name == "postgresql":
            driver: Any = proxied.driver_connection
            driver.autocommit = True  # transactions are begun here, not by the driver
    except driver_error as error:
        raise DBAPIError.instance("connect", None, error, driver_error, dialect=made.dialect) from error
    return proxied
