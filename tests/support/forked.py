"""Processes of `coinslot` that begin as forks of one that has imported it: a start costs its own work, not its imports.

Starting the interpreter and importing the API takes three to four seconds of a core, which a run of all tests would pay
two hundred times. A server with pages imports these by itself. That the product starts from nothing is seen by the
commands that the guide shows, in a fresh clone, and by the workers of `serve`, whose processes are new ones.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, Protocol

ROOT = Path(__file__).parent.parent.parent
REQUEST_BYTES_MAX = 1_000_000


class Started(Protocol):
    """A process of ours, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


class Forked:
    """A process whose parent is the one that it was forked from."""

    def __init__(self, origin: "Origin", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._origin = origin
        self._ended = os.pidfd_open(pid)  # its number is nobody else's before its status was asked for

    def poll(self) -> int | None:
        """Returns the exit status as `subprocess` writes it, None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end, and returns the exit status. Raises TimeoutExpired."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._ended, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], seconds)[0]:
            self.returncode = self._origin.ask({"ended": self.pid})
            os.close(self._ended)
        return self.returncode


class Origin:
    """The process that has imported everything, and the line to it."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(self.close)

    def ask(self, request: Mapping[str, Any], files: Sequence[int] = ()) -> int:
        """Sends a request with open files, and returns its answer, a number."""
        with self._lock:
            socket.send_fds(self._line, [json.dumps(request).encode()], list(files))
            return int(self._line.recv(100))

    def close(self) -> None:
        """Ends it, and none of its children."""
        self._line.close()
        self._process.wait()


@cache
def _origin() -> Origin:
    return Origin()


def start(
    arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int, module: str = ""
) -> Forked:
    """Runs `coinslot`, or a module, with these arguments and this whole environment; it writes to these open files."""
    origin = _origin()
    asked = {"module": module, "arguments": list(arguments), "environment": dict(environment)}
    return Forked(origin, origin.ask(asked, (output, errors)))


def _import_everything() -> None:
    """Imports what a server without pages would; nothing of it makes a thread or a connection."""
    from alembic import command
    from alembic.runtime import migration

    from app import wiring
    from app.adapters.prices import genai
    from app.api.serving import asgi, http, server, workers
    from app.flows.paywalls import demo
    from app.flows.upkeep import audit
    from app.jobs import scheduler
    from app.wiring import demo as demo_wiring
    from tests.support.served import api

    del command, migration, genai, workers, server, demo, demo_wiring, audit
    asgi.create_api = http.create_api = api  # type: ignore[attr-defined]  # a child serves what its origin has made
    asgi.api_only((wiring.running, scheduler.running))


def _serve(line: socket.socket) -> tuple[str, list[str]] | None:
    """Forks for whoever asks; returns in each child with what it is to do, and at the line's end with None."""
    while True:
        content, files, _flags, _address = socket.recv_fds(line, REQUEST_BYTES_MAX, 2)
        if not content:
            return None
        request = json.loads(content)
        if "ended" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["ended"], 0)[1])
        elif (answer := os.fork()) == 0:
            line.close()
            os.environ.clear()
            os.environ.update(request["environment"])
            time.tzset()
            for number, file in enumerate(files, 1):
                os.dup2(file, number)
                os.close(file)
            return request["module"], request["arguments"]
        for file in files:
            os.close(file)
        line.send(str(answer).encode())


def main() -> None:
    """Is the origin, and in a child of it what was asked for."""
    gc.disable()  # what is imported stays: a quarter of the time would go into looking whether it does
    from app import cli
    from tests.support import pauses

    _import_everything()
    gc.freeze()  # a child that looked for garbage among what all share would copy it
    gc.enable()
    asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        module, arguments = asked
        pauses.heed_environment()
        sys.argv = [module or "coinslot", *arguments]
        try:
            if module:
                runpy.run_module(module, run_name="__main__")
            else:
                cli.main()
        except SystemExit as ended:
            _leave(ended.code)
        _leave(0)


def _leave(code: object) -> NoReturn:
    """Ends as the interpreter does, but takes nothing apart.

    That would write to each object that is shared with the origin, and so copy all of its memory first: half a second.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    main()
