"""What each process of a run would pay again for nothing: compiling, reading every authority there is, disks."""

import os
import shutil
import sys
from pathlib import Path

import certifi

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
    thousand modules first. And httpx reads 150 authorities for each client, although nothing here speaks TLS.
    """
    beside = Path(sys.prefix)
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, str(beside / "pycache")
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    if "SSL_CERT_FILE" not in os.environ:
        authority = beside / "one-authority.pem"
        if not authority.exists():
            one, end, _ = Path(certifi.where()).read_text().partition("-----END CERTIFICATE-----\n")
            authority.write_text(one + end)
        os.environ["SSL_CERT_FILE"] = str(authority)
    if (quick := quick_folder()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(quick))
