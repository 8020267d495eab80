"""Anvil as a process of ours: started on a free port, spoken to on this machine only, ended with whoever began it."""

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.adapters.chain.dev import tools
from app.adapters.chain.dev.node import CHAIN_ID, LOOK_SECONDS, SECONDS_MAX
from app.domain import clock
from app.domain.errors import Unavailable

EPOCH_SLOTS = 1
"""So that `finalized` is the block two before the head."""
STOP_SECONDS = 20

BY_HAND = ("--no-mining",)
"""A chain of tests: a block is made when it is asked for."""


def by_itself(state: Path) -> Sequence[str]:
    """Returns the words for a chain that makes a block a second, and keeps its state in a file."""
    return ("--block-time", "1", "--state", str(state), "--state-interval", "5")


@contextmanager
def running(packages: Path, words: Sequence[str], port: int = 0, chain_id: int = CHAIN_ID) -> Iterator[str]:
    """Runs Anvil and gives its URL; at the end it has time to write down its state. Raises Unavailable."""
    command = [
        str(tools.program(packages)), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id),
        "--slots-in-an-epoch", str(EPOCH_SLOTS), "--color", "never", *words,
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="coinslot-anvil-") as home:
        said = Path(home) / "said"
        with said.open("wb") as out:
            # A session of its own: Ctrl+C is for us, who then end it.
            process = subprocess.Popen(
                [*command, "--cache-path", home], stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            yield _url(process, said)
        finally:
            process.send_signal(signal.SIGINT)  # at which it writes down its state
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _url(process: "subprocess.Popen[bytes]", said: Path) -> str:
    deadline = clock.monotonic_seconds() + SECONDS_MAX
    while (found := re.search(r"Listening on (\S+)", said.read_text())) is None:
        if process.poll() is not None or clock.monotonic_seconds() > deadline:
            raise Unavailable(f"Anvil did not start: {said.read_text().strip()[-300:]}")
        time.sleep(LOOK_SECONDS)
    return f"http://{found.group(1)}"
