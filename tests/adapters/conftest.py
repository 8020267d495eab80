"""What the adapters are tried against: real processes on real sockets."""

from collections.abc import Iterator

import pytest

from tests.emulators.upstream import RunningUpstream, running


@pytest.fixture(scope="session")
def upstream_process() -> Iterator[RunningUpstream]:
    with running() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_process: RunningUpstream) -> RunningUpstream:
    """The emulated upstream, which remembers nothing of earlier tests."""
    upstream_process.reset()
    return upstream_process
