"""Very many requests, made once in a run and copied for each test that looks at so many.

Making them takes seven seconds of a core, which three databases paid. What is done to a copy is seen by nobody else.
"""

import fcntl
import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table

from app import db, settings
from app.domain.all_tables import METADATA
from tests.bench.seed import Seeded, Size, seed, without_checks
from tests.support.rolled import hands

PAYWALLS = "paywalls.json"


@dataclass(frozen=True)
class ManyRequests:
    """A migrated SQLite database with what was seeded while the clock stood at `rolled.START`."""

    file: Path
    seeded: Seeded

    def copy_to(self, path: Path) -> None:
        """Puts the same database at a path that has none."""
        shutil.copyfile(self.file, path)

    def fill_postgres(self) -> None:
        """Gives the PostgreSQL database of the settings, which is migrated, the same rows and no others."""
        with (
            closing(sqlite3.connect(self.file)) as source,
            db.engine().connect() as connection,
            without_checks(connection),
        ):
            for table in METADATA.sorted_tables:
                _copy(source, connection, table)


def many_requests(folders: pytest.TempPathFactory, size: Size) -> ManyRequests:
    """Returns what the processes of a run share, made by whoever comes first. The settings are to be chosen after."""
    base = folders.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"seeded-{size.requests}"
    shared.mkdir(exist_ok=True)
    with (shared / "making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / PAYWALLS).exists():
            _make(shared, size)
    default, of_shared = json.loads((shared / PAYWALLS).read_text())
    return ManyRequests(shared / "coinslot.db", Seeded((default, of_shared), size))


def _make(folder: Path, size: Size) -> None:
    db.dispose()
    for left in folder.glob("coinslot.db*"):  # of somebody who was ended in the middle
        left.unlink()
    settings.configure(data=folder)
    with hands():
        db.migrate()
        made = seed(size)
    db.dispose()  # the last connection's end folds the WAL into the file
    settings.configure()
    (folder / PAYWALLS).write_text(json.dumps(made.paywalls))


def _copy(source: sqlite3.Connection, connection: Connection, table: Table) -> None:
    """Copies all rows of a table; the driver reads numbers and texts of SQLite as what its own columns are."""
    names = ", ".join(column.name for column in table.c)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table.name}")  # noqa: S608
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for row in source.execute(f"SELECT {names} FROM {table.name}"):  # noqa: S608
                copy.write_row(row)
        if (numbered := table.autoincrement_column) is not None:
            last = f"SELECT max({numbered.name}) FROM {table.name}"  # noqa: S608
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{numbered.name}'), ({last}))")
