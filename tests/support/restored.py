"""A backup of a SQLite database, and the database as it was then."""

import shutil
from pathlib import Path

from app import db


def keep(url: str) -> Path:
    """Returns a backup of a database."""
    db.dispose()  # the last connection's end folds the WAL into the file
    path = Path(url.removeprefix("sqlite:///"))
    kept = path.with_suffix(".kept")
    shutil.copyfile(path, kept)
    return kept


def restore(url: str, kept: Path) -> None:
    """Puts a backup in the place of its database."""
    db.dispose()
    path = Path(url.removeprefix("sqlite:///"))
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
    shutil.copyfile(kept, path)
