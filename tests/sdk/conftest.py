"""One server with the demo provider, and one in front of an emulated upstream, for both SDKs."""

from collections.abc import Iterator

import pytest

from tests.emulators import upstream
from tests.server import Demo, running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("sdk")) as started:
        yield started
        assert started.audit() == "The books balance."


@pytest.fixture(scope="session")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="session")
def behind(emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("behind"), "--upstream", emulated.base_url) as started:
        yield started
        assert started.audit() == "The books balance."
