"""What processes and the machine have used so far, from /proc: Linux alone."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """CPU seconds, user and system, and the peak memory of a process with its descendants."""

    cpu_seconds: float
    rss_mib: float


@dataclass(frozen=True)
class Machine:
    """Ticks of the whole machine: all, and those that its hypervisor gave to others."""

    all: int
    stolen: int


def used_by(pid: int) -> Used:
    """Returns what a process tree has used, those that have ended and were waited for too.

    Raises ProcessLookupError where the process is gone.
    """
    children = _children()
    ticks = kib = 0
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        waiting += children[current]
        try:
            ticks += sum(map(int, _fields(current)[11:15]))
            kib += int(Path(f"/proc/{current}/status").read_text().split("VmHWM:")[1].split()[0])
        except (OSError, IndexError):
            if current == pid:
                raise ProcessLookupError(f"The process {pid} is gone.") from None
    return Used(ticks / TICKS_A_SECOND, kib / 1024)


def machine() -> Machine:
    """Returns the machine's ticks since its start."""
    with Path("/proc/stat").open() as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    return Machine(sum(ticks), ticks[7])


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        try:
            found[int(_fields(int(path.name))[1])].append(int(path.name))
        except OSError:  # it ended meanwhile
            continue
    return found


def _fields(pid: int) -> list[str]:
    """Returns the fields of a process's `stat` after its name: state, parent, …, utime, stime, cutime, cstime."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
