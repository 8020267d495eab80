"""One server in front of one emulated upstream for all API tests; each test brings users of its own."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.emulators import upstream
from tests.support.server import UPSTREAM_KEY, Demo, running


@pytest.fixture(scope="package")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(scope="package")
def demo(emulated: upstream.RunningUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    data = tmp_path_factory.mktemp("api")
    with running(
        data, "--upstream", emulated.base_url, UPSTREAM_KEY=UPSTREAM_KEY, SILENCE_SECONDS_MAX="3",
        FIRST_BYTE_SECONDS_MAX="6", COMMENT_SECONDS="0.5",
    ) as started:  # fmt: skip
        yield started
        assert started.audit() == "The books balance."


@pytest.fixture(scope="module")
def pair(
    emulated: upstream.RunningUpstream, session_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Demo, Demo]]:
    """Two processes of one instance on one PostgreSQL, in front of the same upstream; users of either are both's."""

    def started(name: str) -> AbstractContextManager[Demo]:
        return running(
            tmp_path_factory.mktemp(name), "--upstream", emulated.base_url, DATABASE_URL=session_postgres_url,
            SECRET_KEY="shared",
        )  # fmt: skip

    with started("one") as one, started("two") as two:
        yield one, two
