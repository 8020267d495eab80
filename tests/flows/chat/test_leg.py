"""A limit that nobody set fails no request: it stays within the window, and within what a model says of itself."""

import json
from dataclasses import replace
from typing import Any

import pytest

from app.domain.errors import ProviderFailed
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from tests.support.books import PRICE, assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, describe
from tests.support.scripted import USAGE, Scripted, flows, request, whole

pytestmark = pytest.mark.plain_sql

NAMED = "max_tokens is too large: {}. This model supports at most 500 completion tokens, whereas you provided {}."
WINDOW = "This model's maximum context length is 700 tokens and your request has 50 input tokens."


class Small(Scripted):
    """A model that refuses limits above what it allows, in words; `always` refuses them all."""

    def __init__(self, *, allows: int, says: str = NAMED, status: int = 400, always: bool = False) -> None:
        super().__init__(whole("Hi", usage=USAGE), content_type="application/json")
        self.allows, self.says, self.status, self.always = allows, says, status, always

    async def send(self, target: Any, body: bytes) -> Any:
        limit = json.loads(body)["max_tokens"]
        self.refusal = None
        if self.always or limit > self.allows:
            words = {"message": self.says.replace("{}", str(limit)), "code": "invalid"}
            self.refusal = ProviderFailed("refused", self.status, body={"error": words})
        return await super().send(target, body)


async def ask(database: str, provider: Scripted, snapshot: Snapshot | None = None, **more: Any) -> list[int]:
    """Sends one request, carries its answer, and returns the limits that the provider was asked with."""
    snapshot = snapshot or make_snapshot()
    provider.sent.clear()
    async with running_queue() as queue:
        await give(snapshot, "ada", 5_000_000_000)
        chat, carrier = flows(queue, provider)
        run = await chat.begin(snapshot, "ada", request(**more), "req_1", None)
        assert isinstance(run, Run)
        await carrier.whole(run, describe)
    return [sent["max_tokens"] for sent in provider.sent]


@pytest.mark.parametrize(("says", "status", "expected"), [
    (NAMED, 400, 500), (NAMED, 422, 500), (WINDOW, 400, 650), (NAMED, 413, 500),
])  # fmt: skip
async def test_a_limit_that_the_model_names_is_sent_once(database: str, says: str, status: int, expected: int) -> None:
    limits = await ask(database, Small(allows=expected, says=says, status=status))
    assert len(limits) == 2 and limits[1] == expected < limits[0]
    assert_books_balance()


@pytest.mark.parametrize("provider", [
    Small(allows=0, always=True),
    Small(allows=500, says="That is too much."),
    Small(allows=500, status=500),
    Small(allows=5, says="supports at most 5 completion tokens"),
])  # fmt: skip
async def test_what_helps_nothing_is_not_repeated_for_ever(database: str, provider: Small) -> None:
    snapshot = make_snapshot()
    with pytest.raises(ProviderFailed):
        await ask(database, provider, snapshot)
    assert len(provider.sent) <= 2
    assert balance(snapshot).available_nanos == 5_000_000_000
    assert_books_balance()


async def test_a_limit_that_the_client_set_is_the_clients(database: str) -> None:
    provider = Small(allows=500)
    with pytest.raises(ProviderFailed, match="refused"):
        await ask(database, provider, max_tokens=600)
    assert len(provider.sent) == 1


@pytest.mark.parametrize(("window", "words", "expected"), [
    (None, 10, 16_384), (100_000, 10, 16_384), (4_096, 10, 4_000), (2_000, 1_000, 900), (1_000, 5_000, 16),
])  # fmt: skip
async def test_what_is_sent_stays_within_the_window(
    database: str, window: int | None, words: int, expected: int
) -> None:
    price = replace(PRICE, context_tokens_max=window, output_tokens_max=None)
    provider = Scripted(whole("Hi", usage=USAGE), content_type="application/json")
    (limit,) = await ask(database, provider, make_snapshot({"demo-mini": price}), content="word " * words)
    assert expected <= limit <= expected * 1.12
    assert window is None or limit == 16 or limit + words <= window
