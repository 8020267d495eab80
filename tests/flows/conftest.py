"""One emulated upstream, and one emulated OpenRouter, for the flows that need a real one."""

from collections.abc import Iterator

import pytest

from tests.emulators import openrouter, upstream


@pytest.fixture(scope="session")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="session")
def router() -> Iterator[openrouter.RunningOpenRouter]:
    with openrouter.running() as started:
        yield started
