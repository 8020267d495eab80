"""Several API workers on one listening socket: single-process servers, started again if one dies.

Nothing in a worker's memory is truth, so any of them may answer any request.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

import structlog

log = structlog.get_logger()

RESTART_PAUSE_SECONDS = 1.0
POLL_SECONDS = 0.2


def listen(host: str, port: int) -> socket.socket:
    """Returns a bound socket that workers inherit."""
    bound = socket.create_server((host, port), backlog=2_048)
    bound.set_inheritable(True)
    return bound


def supervise(command: Sequence[str], count: int, bound: socket.socket) -> None:
    """Runs `count` processes of `command` until SIGTERM or SIGINT, then lets them drain and waits for them."""
    descriptor = bound.fileno()
    is_stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal is_stopping
        is_stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    workers = [_start(command, descriptor) for _ in range(count)]
    while not is_stopping:
        time.sleep(POLL_SECONDS)
        for place, worker in enumerate(workers):
            if worker.poll() is not None and not is_stopping:
                log.error("workers", step="died", pid=worker.pid, status=worker.returncode)
                time.sleep(RESTART_PAUSE_SECONDS)
                workers[place] = _start(command, descriptor)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait()


def _start(command: Sequence[str], descriptor: int) -> "subprocess.Popen[bytes]":
    arguments = [sys.executable, "-m", "app.cli", *command, "--descriptor", str(descriptor)]
    return subprocess.Popen(arguments, pass_fds=(descriptor,))
