"""What each process of a run would pay again for nothing: compiling, reading every authority there is, disks.

And what each test would: statements compiled for a database of its own, the same environment read once more, garbage
looked for among what stays.
"""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certifi
import structlog
from pydantic_settings import EnvSettingsSource
from sqlalchemy import Engine

from app import db

AUTHORITIES, MACHINES_OWN = "SSL_CERT_FILE", "TESTS_SSL_CERT_FILE"
"""Where OpenSSL looks for those that it trusts, and where the tests keep what the machine says of that."""

CURRENT_TEST = "pytest_current_test"
"""What pytest writes into the environment for each test, as pydantic-settings reads it."""

MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2_000_000_000


def quick_folder() -> Path | None:
    """Returns a folder in memory for databases that nobody needs tomorrow, None where there is none or little room.

    A disk that others use too holds `CREATE DATABASE` up, now and then for a minute.
    """
    is_roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN
    return MEMORY if is_roomy else None


def lower() -> None:
    """Lowers them for this process and those that it starts.

    A server of a test is a process of its own; where nothing may be compiled beside the sources, it compiles a
    thousand modules first. And httpx reads 150 authorities for each client, which is 40 ms of a core for each request
    of a test, although nothing here speaks TLS.
    """
    beside = Path(sys.prefix)
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(beside / "pycache")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    authority = beside / "one-authority.pem"
    if os.environ.get(AUTHORITIES) != str(authority):
        one, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
        made = beside / f"one-authority.{os.getpid()}"
        made.write_text(one + end)
        made.replace(authority)  # whole, whoever else does the same
        if AUTHORITIES in os.environ:
            os.environ[MACHINES_OWN] = os.environ[AUTHORITIES]
        os.environ[AUTHORITIES] = str(authority)
    if (quick := quick_folder()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick))


def environment() -> dict[str, str]:
    """Returns the environment of a process that reaches the network: it trusts whom the machine trusts."""
    kept = {name: value for name, value in os.environ.items() if name not in (AUTHORITIES, MACHINES_OWN)}
    return kept | ({AUTHORITIES: os.environ[MACHINES_OWN]} if MACHINES_OWN in os.environ else {})


def share_statements() -> None:
    """Lets all engines of one kind of database share what was compiled for the first of them.

    Each test has a database of its own and so an engine of its own, which knows no statement yet: SQLAlchemy took a
    third of a test's time to write the same ones again.
    """
    make, first = db._make_engine, dict[str, Engine]()

    def make_one(url: str) -> Engine:
        made = make(url)
        known = first.get(made.dialect.name)
        if known is None or known.dialect.server_version_info is None:  # it has never been connected
            first[made.dialect.name] = made
        else:
            made.dialect = made.pool._dialect = known.dialect
            made._compiled_cache = known._compiled_cache
        return made

    db._make_engine = make_one


def share_environment() -> None:
    """Lets the same environment be read once for all tests that see it, whatever they choose above it.

    pydantic-settings takes 5 ms to look for a hundred names, and each test with a database has two settings of its own.
    What is read is validated with what was chosen, each time.
    """
    read, known = EnvSettingsSource.__call__, dict[Any, dict[str, Any]]()

    def read_once(self: EnvSettingsSource) -> dict[str, Any]:
        variables = tuple((name, value) for name, value in self.env_vars.items() if name != CURRENT_TEST)
        seen = type(self), self.settings_cls, variables
        if seen not in known:
            known[seen] = read(self)
        return known[seen].copy()

    EnvSettingsSource.__call__ = read_once  # type: ignore[method-assign, assignment]


def log_plainly() -> None:
    """Lets what this process logs of an error be the trace that Python writes.

    structlog would draw it with the source and the variables of each frame, which takes a third of a second.
    """
    *others, _ = structlog.get_config()["processors"]
    drawn = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, drawn])


@contextmanager
def keeping() -> Iterator[None]:
    """Looks for no garbage in the block, and never again among what it made: modules and tests live as long as we do.

    Looking through millions of objects took a third of the time of collecting, and a full look in the middle of a test
    takes a second.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
