"""Anvil as a process of ours: started on a free port, spoken to on this machine only, ended with whoever began it.

That holds for a process that is killed as well: it can end nothing, so a shell beside Anvil sees to it.
"""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.adapters.chain.dev import tools
from app.adapters.chain.dev.node import CHAIN_ID, LOOK_SECONDS, SECONDS_MAX
from app.domain import clock
from app.domain.errors import Unavailable

EPOCH_SLOTS = 1
"""So that `finalized` is the block two before the head."""
STOP_SECONDS = 20
_WATCHED = """
exec 3<&0
"$@" </dev/null 3<&- & anvil=$!
(cat <&3 >/dev/null; kill -INT "$anvil") & watch=$!
wait "$anvil"; code=$?
kill "$watch" 2>/dev/null
exit "$code"
"""
"""Runs a command until it ends, or until what we write to is closed: by us, or because we are no more."""

BY_HAND = ("--no-mining",)
"""A chain of tests: a block is made when it is asked for."""


def by_itself(state: Path) -> Sequence[str]:
    """Returns the words for a chain that makes a block a second, and keeps its state in a file."""
    return ("--block-time", "1", "--state", str(state), "--state-interval", "5")


@contextmanager
def running(
    packages: Path, words: Sequence[str], port: int = 0, chain_id: int = CHAIN_ID, lock: Path | None = None
) -> Iterator[str]:
    """Runs Anvil and gives its URL; at the end it has time to write down its state. Raises Unavailable.

    As long as it runs it holds `lock`, whatever became of us: two never have one state.
    """
    command = [
        str(tools.program(packages)), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id),
        "--slots-in-an-epoch", str(EPOCH_SLOTS), "--color", "never", *words,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="coinslot-anvil-") as home:
        said = Path(home) / "said"
        with said.open("wb") as out:
            process = _started([*command, "--cache-path", home], out, lock)
        try:
            yield _url(process, said)
        finally:
            _end(process)


def _started(command: Sequence[str], out: IO[bytes], lock: Path | None) -> "subprocess.Popen[bytes]":
    """Starts it in a session of its own: Ctrl+C is for us, who then end it."""
    held: contextlib.AbstractContextManager[IO[bytes] | None] = contextlib.nullcontext()
    with held if lock is None else _locked(lock) as file:
        return subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, "anvil", *command], stdin=subprocess.PIPE, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True, pass_fds=[] if file is None else [file.fileno()],
        )  # fmt: skip


def _locked(path: Path) -> IO[bytes]:
    """Returns a file that is locked, once whoever had it before has ended. Raises Unavailable."""
    file, deadline = path.open("wb"), clock.monotonic_seconds() + STOP_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.monotonic_seconds() > deadline:
                file.close()
                raise Unavailable(f"An Anvil that was begun before still holds {path}; end it.") from None
            time.sleep(LOOK_SECONDS)
        else:
            return file


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Lets it write down its state, and end."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _url(process: "subprocess.Popen[bytes]", said: Path) -> str:
    deadline = clock.monotonic_seconds() + SECONDS_MAX
    while (found := re.search(r"Listening on (\S+)", said.read_text())) is None:
        if process.poll() is not None or clock.monotonic_seconds() > deadline:
            raise Unavailable(f"Anvil did not start: {said.read_text().strip()[-300:]}")
        time.sleep(LOOK_SECONDS)
    return f"http://{found.group(1)}"
