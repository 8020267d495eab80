"""Stripe emulated beside a demo, by a process of its own that the tests of a clone bring; no product has it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.domain.errors import Unavailable

ROOT = Path(__file__).parent.parent.parent
MODULE = "tests.emulators.stripe"
END_SECONDS_MAX = 10


@dataclass(frozen=True, slots=True)
class Emulated:
    """Where an emulator is, and restricted test keys of two accounts there: the operator's, and one for a developer."""

    url: str
    key: str = field(repr=False)
    developers_key: str = field(repr=False)


@contextmanager
def emulated_stripe(root: Path = ROOT) -> Iterator[Emulated]:
    """Runs the emulator on a free port of loopback with two accounts in it, until the block ends, or this process does,
    however that is: it ends with its input, which nobody else holds.

    Raises Unavailable where it is not there, as in whatever is no clone, or does not start.
    """
    if not root.joinpath(*MODULE.split("."), "__main__.py").is_file():
        raise Unavailable(
            "--stripe-emulator needs the tests of a clone of this repository, which are not part of the package:"
            " clone it, and run `uv run coinslot demo --stripe-emulator` there."
        )
    accounts = ("--account", "Coinslot demo", "--account", "Demo developer")
    command = [sys.executable, "-m", MODULE, "--port", "0", *accounts, "--until-eof"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            said = process.stdout.readline() if process.stdout is not None else b""
            if not said:
                raise Unavailable("The emulator of Stripe did not start; what it says is above.")
            found = json.loads(said)
            yield Emulated(found["url"], found["keys"]["rk_test"], found["others"][0]["keys"]["rk_test"])
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                process.kill()
