"""How long the demo's provider waits between two words: people read along, most tests wait for the end.

The product has no setting for it. A test that is about what happens while it speaks leaves it as it is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.adapters.demo.provider import DemoProvider

PAUSE = "TESTS_DEMO_PAUSE_SECONDS"
"""The variable by which a server that a test starts is told how long."""


@contextmanager
def no_pauses() -> Iterator[None]:
    """Lets providers that are made in the block wait for nothing, in this process and in servers that are started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PAUSE, "0")
        patch.setitem(_usual(), "pause_seconds", 0)
        yield


def heed_environment() -> None:
    """Lets this process do as it was told when it was started."""
    if PAUSE in os.environ:
        _usual()["pause_seconds"] = float(os.environ[PAUSE])


def _usual() -> dict[str, object]:
    usual: dict[str, object] | None = DemoProvider.__init__.__kwdefaults__
    assert usual is not None
    return usual
