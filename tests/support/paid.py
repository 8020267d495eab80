"""Somebody pays for credits at a server that runs, by way of its database."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app import db, settings
from app.domain.people import account_keys
from tests.support.panels import pay_for


@contextmanager
def using(database_url: str, data: Path) -> Iterator[None]:
    """Lets this process use the database of another."""
    settings.configure(data=data, database_url=database_url)
    db.dispose()
    try:
        yield
    finally:
        db.dispose()
        settings.configure()


def pay_with_key(account_key: str, credits: int, data: Path, database_url: str = "") -> None:
    """Pays for the owner of an account's key, at the server of that folder."""
    with using(database_url or f"sqlite:///{data}/coinslot.db", data):
        with db.transaction(writes=False) as session:
            owner = account_keys.find_owner(session, account_key)
        assert owner is not None
        asyncio.run(pay_for(owner.account_id, credits))
