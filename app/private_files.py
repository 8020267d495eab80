"""Files and folders that only their owner may read, whatever the umask: an instance's books, secrets and pages."""

import os
import stat
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger()

OWNER_ONLY = 0o077
"""The umask that takes every right from everybody else."""


def keep_private(folder: Path) -> None:
    """Makes a folder that only its owner may enter, and takes from others what they may in one that is there.

    All that this process and its children make from then on is the owner's alone. What belongs to somebody else is left
    as it is, and named in the log. Links are not followed.
    """
    os.umask(OWNER_ONLY)
    folder.mkdir(parents=True, exist_ok=True)
    home = folder.resolve()
    tighten(home)
    for path, folders, files in os.walk(home):
        for name in (*folders, *files):
            tighten(Path(path, name))


def tighten(path: Path) -> None:
    """Takes from a file or folder what others may do with it, if it is there; its owner keeps what they may."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not mode & OWNER_ONLY or stat.S_ISLNK(mode):
        return
    try:
        path.chmod(stat.S_IMODE(mode) & ~OWNER_ONLY)
    except FileNotFoundError:
        return
    except PermissionError:
        log.warning("private_files", step="not_ours", path=str(path), mode=oct(stat.S_IMODE(mode)))


def open_private(path: Path, mode: str) -> IO[str]:
    """Opens a file for writing in a text `mode` of open(); if it is new, only its owner may read it."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))


def make_private(path: Path) -> None:
    """Makes an empty file that only its owner may read, unless there is something of that name."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        open_private(path, "a").close()
