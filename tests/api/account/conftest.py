"""Demos that offer credits, for all tests of the account API: of somebody with free credits, and of who has paid."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.own_demo import FREE_CREDITS, OwnDemo, running_with_credits
from tests.support.paid import pay_with_key
from tests.support.pauses import no_pauses


@pytest.fixture(scope="session")
def with_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    with ExitStack() as stack:
        with no_pauses():
            started = stack.enter_context(running_with_credits(tmp_path_factory.mktemp("credits"), str(FREE_CREDITS)))
        yield started


@pytest.fixture(scope="session")
def paid_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    """A demo whose user has paid for credits: all models are open to them."""
    data = tmp_path_factory.mktemp("paid")
    with ExitStack() as stack:
        with no_pauses():
            started = stack.enter_context(running_with_credits(data))
        pay_with_key(started.client.headers["Authorization"].removeprefix("Bearer "), 3_000, data)
        yield started
