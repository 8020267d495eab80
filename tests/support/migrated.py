"""A migrated SQLite file, which servers of tests begin with a copy of: migrating takes half of what a start does.

As a module of its own it is run by the process that servers are forked from, which has imported what migrating needs.
"""

import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support import costs, forked

MIGRATE_SECONDS_MAX = 60
FILE = "coinslot.db"


def copy_to(data: Path) -> None:
    """Puts a migrated database into a data folder that has none yet."""
    if not (data / FILE).exists():
        data.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_template(), data / FILE)


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="coinslot-migrated-", dir=costs.quick_folder()))
    status = forked.start([str(folder)], os.environ, 1, 2, __name__).wait(MIGRATE_SECONDS_MAX)
    assert status == 0, "the template of the servers' databases could not be migrated"
    return folder / FILE


def main() -> None:
    """Makes the template in the folder that is named."""
    from app import db, settings

    settings.configure(data=Path(sys.argv[1]))
    db.migrate()
    db.dispose()  # the last connection's end folds the WAL into the file


if __name__ == "__main__":
    main()
