"""One demo that offers credits, for all tests of the account API."""

from collections.abc import Iterator

import pytest

from tests.support.own_demo import OwnDemo, running_with_credits


@pytest.fixture(scope="session")
def with_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    with running_with_credits(tmp_path_factory.mktemp("credits")) as started:
        yield started
