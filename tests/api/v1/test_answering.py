"""One request from its head to its last byte: errors before the first byte have their status, and nothing is left."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest

from app.api.common.body import BodyLimits
from app.api.common.body_room import ROOM, Share
from app.api.v1.answering import Answering, serve
from app.api.v1.exchange import Exchange
from app.domain.errors import NotFound, Unavailable
from app.domain.usage.idempotency import Claim
from app.flows.callers.snapshot import Snapshot
from tests.support.books import make_snapshot

LONG = b"x" * 300_000


class Way:
    """A way that finds a paywall and then understands nothing, for a reason."""

    def __init__(self, error: Exception, *, is_found: bool) -> None:
        self._error, self._is_found = error, is_found

    async def find(self, _exchange: Exchange) -> Snapshot:
        if not self._is_found:
            raise self._error
        return make_snapshot()

    def limits(self) -> BodyLimits:
        return BodyLimits(1_000_000, 5, 5)

    async def understand(
        self, _exchange: Exchange, _snapshot: Snapshot, _share: Share
    ) -> tuple[Answering, Claim | None]:
        raise self._error


async def answered(way: Way) -> tuple[int, dict[str, Any]]:
    sent: list[MutableMapping[str, Any]] = []

    bodies = [LONG]

    async def receive() -> MutableMapping[str, Any]:
        if not bodies:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": bodies.pop()}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await serve(Exchange({"coinslot.headers": []}, send, "req_1", {}), receive, way)
    return sent[0]["status"], orjson.loads(sent[1]["body"])


@pytest.mark.parametrize(
    ("error", "status"), [(NotFound("Nowhere."), 404), (Unavailable("Away."), 503), (ValueError("secret"), 500)]
)
@pytest.mark.parametrize("is_found", [False, True])
async def test_what_goes_wrong_before_the_first_byte_has_its_status(
    migrated_sqlite_url: str, error: Exception, status: int, is_found: bool
) -> None:
    found, body = await answered(Way(error, is_found=is_found))
    assert found == status and body["error"]["message"] and "secret" not in str(body)
    assert ROOM.taken_bytes == 0
