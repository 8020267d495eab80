"""Demos that offer credits, for all tests of the account API: of somebody with free credits, and of who has paid."""

import asyncio
from collections.abc import Iterator

import pytest

from app import db, settings
from app.domain.people import account_keys
from tests.support.own_demo import OwnDemo, running_with_credits
from tests.support.panels import pay_for


@pytest.fixture(scope="session")
def with_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    with running_with_credits(tmp_path_factory.mktemp("credits")) as started:
        yield started


@pytest.fixture(scope="session")
def paid_credits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnDemo]:
    """A demo whose user has paid for credits: all models are open to them."""
    data = tmp_path_factory.mktemp("paid")
    with running_with_credits(data) as started:
        settings.configure(data=data, database_url=f"sqlite:///{data}/coinslot.db")
        db.dispose()
        key = started.client.headers["Authorization"].removeprefix("Bearer ")
        with db.transaction(writes=False) as session:
            owner = account_keys.find_owner(session, key)
        assert owner is not None
        asyncio.run(pay_for(owner.account_id, 3_000))
        db.dispose()
        settings.configure()
        yield started
