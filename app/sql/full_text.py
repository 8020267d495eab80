"""Full text in memory: FTS5 of Python's own SQLite, whatever database an instance has."""

import sqlite3
from contextlib import closing


def open_full_text() -> sqlite3.Connection:
    """Returns an empty database in memory that threads may share, one at a time."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def has_full_text() -> bool:
    """Tells whether this Python's SQLite has FTS5."""
    with closing(open_full_text()) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE tried USING fts5(text, tokenize='porter unicode61')")
        except sqlite3.OperationalError:
            return False
        return True
