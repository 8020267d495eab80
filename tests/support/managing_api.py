"""Calls of the Management API, with a developer's key that its owner made on their own page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app import db, settings
from app.domain.people.developer_keys import find_developer_key
from app.domain.people.sessions import Person
from app.flows.people.developer_keys import revoke_developer_key
from tests.support.owning import PAYWALL, Owned
from tests.support.server import Demo


@dataclass(frozen=True)
class ManagingApi:
    """One key at one server."""

    base_url: str
    key: str

    def call(
        self, method: str, path: str, body: Any = None, *, paywall: str = PAYWALL, once: str | None = None
    ) -> httpx.Response:
        """Calls a path of a paywall, with an Idempotency-Key if one is given."""
        headers = {b"authorization": f"Bearer {self.key}".encode(), **({b"idempotency-key": once.encode("latin-1")}
                                                                       if once is not None else {})}  # fmt: skip
        url = f"{self.base_url}/v1/manage/paywalls/{paywall}{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=60)

    def list_paywalls(self) -> httpx.Response:
        """Asks for the paywalls that the key opens."""
        url = f"{self.base_url}/v1/manage/paywalls"
        return httpx.get(url, headers={"Authorization": f"Bearer {self.key}"}, timeout=60)


def managing(site: Owned, *, may_write: bool = True) -> ManagingApi:
    """Makes a key, and returns what calls with it."""
    made = site.owner.post("/auth/developer-key", name="tests", may_write="yes" if may_write else "")
    return ManagingApi(site.demo.base_url, made.json()["key"])


@contextmanager
def beside(demo: Demo) -> Iterator[None]:
    """Lets this process read and write the database of a demo, as another process of it would."""
    db.dispose()
    settings.configure(data=demo.data)
    yield
    db.dispose()
    settings.configure()


async def revoke(api: ManagingApi) -> None:
    """Revokes a key as its person does, in whatever process this is."""
    found = await db.in_transaction(lambda session: find_developer_key(session, api.key))
    assert found is not None
    await revoke_developer_key(Person(found.account_id, "ses_x", "", None, None, ""), found.id)
