"""One server in front of one emulated upstream for all API tests; each test brings users of its own."""

from collections.abc import Iterator

import pytest

from tests.emulators import upstream
from tests.server import Demo, running

UPSTREAM_KEY = "sk-operators-own-0123456789"


@pytest.fixture(scope="session")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="session")
def demo(emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("api")
    with running(
        data, "--upstream", emulated.base_url, UPSTREAM_KEY=UPSTREAM_KEY, SILENCE_SECONDS_MAX="1",
        FIRST_BYTE_SECONDS_MAX="2",
    ) as started:  # fmt: skip
        yield started
        assert started.audit() == "The books balance."
