"""One emulated upstream for the flows that need a real one."""

from collections.abc import Iterator

import pytest

from tests.emulators import upstream


@pytest.fixture(scope="session")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started
