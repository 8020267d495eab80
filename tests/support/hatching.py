"""The processes of a run on several cores, as forks of the one that leads it, which has imported all tests before.

Importing them takes ten seconds of a core, which each of four processes would do again. They are forked before the
first of them is spoken to: execnet answers each in a thread of its own, and a process with threads forks badly.
"""

import atexit
import importlib
import os
import random
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from execnet import gateway_io
from execnet.gateway_base import Popen2IO
from execnet.gateway_io import popen_bootstrapline
from hypothesis.internal.conjecture.providers import _get_local_constants

from tests.support import costs

ROOT = Path(__file__).parent.parent.parent


class Hatched(Popen2IO):
    """The line to a fork, as execnet has it to a process that it started."""

    remoteaddress = "a fork"

    def __init__(self, pid: int, to_child: int, from_child: int, execmodel: Any) -> None:
        super().__init__(os.fdopen(to_child, "wb"), os.fdopen(from_child, "rb"), execmodel)
        self._pid = pid

    def wait(self) -> int | None:
        """Waits for its end, and returns its status; None where that was asked for before."""
        with suppress(ChildProcessError):
            return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return None

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


def hatch(config: pytest.Config, count: int) -> None:
    """Lets the next `count` processes that execnet starts here be forks of this one; those after them are new ones."""
    with costs.keeping(), _plain_files(config):
        with config._catch_configured_warnings(record=True):  # a warning is an error here too
            for name in _modules(config.args):
                # Whatever is wrong with one is said by the process that collects it.
                with suppress(Exception, pytest.skip.Exception):
                    importlib.import_module(name)
        _get_local_constants()  # hypothesis reads the source of all modules for them
        config.pluginmanager.getplugin("terminalreporter").flush()  # or each fork says it once more
        lines: list[tuple[int, int, int]] = []
        for _ in range(count):
            lines.append(_fork(lines))
    usual = gateway_io.create_io

    def create_io(spec: Any, execmodel: Any) -> Any:
        return Hatched(*lines.pop(0), execmodel) if lines else usual(spec, execmodel)

    gateway_io.create_io = create_io


def _modules(arguments: Sequence[str]) -> Iterator[str]:
    """Yields the names of the test modules that are asked for."""
    for argument in arguments:
        path = Path(argument.partition("::")[0]).resolve()
        for found in sorted(path.rglob("test_*.py")) if path.is_dir() else [path]:
            if found.is_relative_to(ROOT) and found.suffix == ".py":
                yield ".".join(found.relative_to(ROOT).with_suffix("").parts)


@contextmanager
def _plain_files(config: pytest.Config) -> Iterator[None]:
    """Gives this process its own output back for the block: what pytest puts in its place is no fork's."""
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.suspend_global_capture(in_=True)
    try:
        yield
    finally:
        capture.resume_global_capture()


def _fork(others: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Returns a fork's number, what it reads from and what it writes to; in the fork it does not return."""
    (its_in, to_child), (from_child, its_out) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        for _pid, *files in others:  # whoever holds them would keep them open
            for file in files:
                os.close(file)
        os.close(to_child)
        os.close(from_child)
        _serve(its_in, its_out)
    os.close(its_in)
    os.close(its_out)
    return pid, to_child, from_child


def _serve(its_in: int, its_out: int) -> NoReturn:
    """Is what execnet starts as `python -c`, and ends as the interpreter does without taking apart what is shared."""
    for file, place in ((its_in, 0), (its_out, 1)):
        os.dup2(file, place)
        os.close(file)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.argv = ["-c"]
    random.seed()
    status = 1
    try:
        exec(popen_bootstrapline, {"__name__": "__main__"})  # noqa: S102  # execnet's own line
        status = 0
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stderr.flush()
        os._exit(status)
