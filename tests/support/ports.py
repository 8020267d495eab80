"""Ports for servers that begin to listen a while after their port was chosen, which nobody else takes meanwhile.

The system gives its own out at random, to whoever asks for any: a server that needs seconds to start would find its
port taken now and then. These are below the system's, and each process has a hundred of them for itself.
"""

import fcntl
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

FIRST, OF_PROCESS, PROCESSES = 12_000, 100, 200

_of_process: dict[int, Iterator[int]] = {}


def free_port() -> int:
    """Returns a port that nobody listens on, and that no other test is given for a good while."""
    ports = _of_process.get(os.getpid())
    if ports is None:  # a fork has none of its own yet
        ports = _of_process[os.getpid()] = itertools.cycle(_take())
    for port in itertools.islice(ports, OF_PROCESS):
        if _is_free(port):
            return port
    raise AssertionError("somebody listens on each port that this process has for tests")


def _take() -> range:
    """Takes ports for as long as this process lives."""
    folder = Path(tempfile.gettempdir()) / f"coinslot-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for number in random.sample(range(PROCESSES), PROCESSES):
        file = os.open(folder / str(number), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            first = FIRST + number * OF_PROCESS
            return range(first, first + OF_PROCESS)
    raise AssertionError(f"{PROCESSES} processes that live have taken all ports for tests")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
