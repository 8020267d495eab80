"""The whole chat flow over the real adapter, against the upstream that misbehaves in its own process."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from app.adapters.providers.openai import OpenAIProvider
from app.commit_queue import CommitQueue
from app.domain.errors import ProviderFailed
from app.domain.money import NANOS, format_decimal
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.quote import Tokens, charge_nanos
from app.domain.wallets.wallets import Balance
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Run
from app.formats.openai_request import read_chat_request
from app.ports.providers import ChatProvider, ProviderTarget
from tests.emulators.upstream import RunningUpstream, running
from tests.emulators.upstream_exchange import WORDS
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.carrying import balance, describe, receipt
from tests.support.chat import Chat
from tests.support.scripted import COUNTER, DONE, limiter
from tests.support.waiting import until

pytestmark = pytest.mark.plain_sql


@dataclass
class Place:
    """A paywall in front of the emulated upstream, and the flows that serve it."""

    upstream: RunningUpstream
    provider: ChatProvider
    queue: CommitQueue

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self.provider, ProviderTarget("emulator", self.upstream.base_url, "sk-emulator")

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self.find("", setting)

    def wait_for(self, model: str) -> None:
        """Waits for a moment only for what this model never says, and for all else as long as a busy machine needs."""
        if model == "slow-first":
            self.provider = OpenAIProvider(allow_private=True, first_byte_seconds_max=0.5)
        elif model == "silent":
            self.provider = OpenAIProvider(allow_private=True, silence_seconds_max=0.5)

    async def begin(self, model: str, **more: Any) -> tuple[Run, Carrier, Snapshot]:
        """Begins a request of a user with one dollar. Raises ProviderFailed."""
        snapshot = make_snapshot({model: NewPrice(model, NANOS, 2 * NANOS, output_tokens_max=100)})
        self.snapshot = snapshot
        await give(snapshot, "ada", NANOS)
        chat = Chat(self.queue, self, COUNTER, limiter())
        body = {"model": model, "messages": [{"role": "user", "content": "Say it."}], **more}
        run = await chat.begin(snapshot, "ada", read_chat_request(body), "req_1", None)
        assert isinstance(run, Run)
        return run, Carrier(chat.legs, COUNTER), snapshot

    async def answer(self, model: str, *, stream: bool) -> tuple[bytes, Run]:
        """Carries a whole answer and returns what the client got."""
        sent: list[bytes] = []

        async def send(data: bytes) -> None:
            sent.append(data)

        run, carrier, _ = await self.begin(model, stream=stream)
        if stream:
            await send(await carrier.stream(run, send, describe))
        else:
            sent.append(await carrier.whole(run, describe))
        return b"".join(sent), run


@pytest.fixture(scope="module")
def upstream() -> Iterator[RunningUpstream]:
    with running() as started:
        yield started


@pytest.fixture
async def place(database: str, upstream: RunningUpstream) -> AsyncIterator[Place]:
    upstream.reset()
    async with running_queue() as queue:
        made = Place(upstream, OpenAIProvider(allow_private=True), queue)
        yield made
        await made.provider.close()
    assert_books_balance()


def words(count: int) -> str:
    return "".join(WORDS[number % len(WORDS)] for number in range(count))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("model", "output"),
    [("ok:20", 20), ("tools", 12), ("reasoning", 15), ("usage-twice", 8), ("crlf", 8), ("split-utf8", 8),
     ("split-event", 8), ("called-nothing", 8), ("called-plain", 8), ("called-page", 8), ("called-json", 8),
     ("called-events", 8)],
)  # fmt: skip
async def test_the_providers_usage_is_charged_and_the_receipt_says_so(
    place: Place, model: str, output: int, stream: bool
) -> None:
    sent, run = await place.answer(model, stream=stream)
    charge = charge_nanos(run.leg.offer.price, Tokens(5, output, 2))
    found = receipt(place.snapshot)
    assert (found.status, found.estimated, found.charge) == ("settled", False, format_decimal(charge))
    assert sum(line.tokens for line in found.lines if line.kind in ("output", "reasoning")) == output
    assert (found.lines[-1].kind == "reasoning") == (model == "reasoning")
    assert balance(place.snapshot) == Balance(NANOS - charge, 0)
    assert sent.endswith(DONE) if stream else json.loads(sent)["paywall"] == {"charge": charge}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["no-usage", "negative-usage", "zero-usage", "wrong-usage"])
async def test_what_the_provider_does_not_say_is_counted(place: Place, model: str, stream: bool) -> None:
    await place.answer(model, stream=stream)
    found = receipt(place.snapshot)
    assert (found.status, found.estimated) == ("settled", True)
    assert found.lines[-1].tokens == COUNTER.count(words(8), model)


@pytest.mark.parametrize("stream", [True, False])
async def test_an_empty_answer_is_free(place: Place, stream: bool) -> None:
    sent, _ = await place.answer("empty", stream=stream)
    assert sent.endswith(DONE) if stream else json.loads(sent)["paywall"] == {"charge": 0}
    assert (balance(place.snapshot), receipt(place.snapshot).status) == (Balance(NANOS, 0), "released")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "model",
    ["error-400", "error-401", "error-404", "error-429", "error-500", "garbage", "garbage-json", "garbage-stream",
     "redirect", "cut-before", "slow-first"],
)  # fmt: skip
async def test_a_failure_before_the_first_token_costs_nothing(place: Place, model: str, stream: bool) -> None:
    place.wait_for(model)
    with pytest.raises(ProviderFailed):
        await place.answer(model, stream=stream)
    assert (balance(place.snapshot), receipt(place.snapshot).status) == (Balance(NANOS, 0), "released")


@pytest.mark.unhurried
@pytest.mark.parametrize("model", ["cut", "silent", "error-mid-stream"])
async def test_half_a_stream_costs_what_was_delivered(place: Place, model: str) -> None:
    place.wait_for(model)
    sent, _ = await place.answer(model, stream=True)
    last = json.loads(sent.strip().rpartition(b"data: ")[2])
    assert last["error"]["message"] and DONE not in sent
    found = receipt(place.snapshot)
    assert (found.status, found.estimated, found.disconnect) == ("settled", True, None)
    assert found.lines[-1].tokens == COUNTER.count(words(4), model)


@pytest.mark.parametrize("model", ["cut", "silent", "error-mid-stream"])
async def test_half_an_answer_that_is_not_streamed_costs_nothing(place: Place, model: str) -> None:
    place.wait_for(model)
    with pytest.raises(ProviderFailed):
        await place.answer(model, stream=False)
    assert (balance(place.snapshot), receipt(place.snapshot).status) == (Balance(NANOS, 0), "released")


async def test_a_client_that_goes_away_stops_the_provider_and_pays_for_what_it_got(place: Place) -> None:
    sent: list[bytes] = []
    enough = asyncio.Event()

    async def send(data: bytes) -> None:
        sent.append(data)
        if len(sent) == 5:
            enough.set()

    run, carrier, snapshot = await place.begin("ok:400:20", stream=True)
    task = asyncio.create_task(carrier.stream(run, send, describe))
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    events = [json.loads(line[6:]) for line in b"".join(sent).split(b"\n\n") if line]
    text = "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
    found = receipt(snapshot)
    assert (found.status, found.estimated, found.disconnect) == ("settled", True, "cancel")
    assert found.lines[-1].tokens == COUNTER.count(text, "ok") and text == words(len(events) - 1)
    await until(lambda: place.upstream.seen()[0]["outcome"] != "running")
    assert place.upstream.seen()[0]["outcome"] == "disconnected"


@pytest.mark.parametrize("model", ["slow-first", "silent"])
async def test_a_client_that_goes_away_before_it_got_anything_pays_nothing(place: Place, model: str) -> None:
    task = asyncio.create_task(place.answer(model, stream=False))
    while not place.upstream.seen():  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (balance(place.snapshot), receipt(place.snapshot).status) == (Balance(NANOS, 0), "released")


async def test_the_upstream_gets_our_limit_and_our_wish_for_usage(place: Place) -> None:
    await place.begin("ok", stream=True, temperature=0.5, max_completion_tokens=50)
    body = place.upstream.seen()[0]["body"]
    assert (body["max_completion_tokens"], body["temperature"], body["stream_options"]) == (
        50, 0.5, {"include_usage": True},
    )  # fmt: skip
    assert "max_tokens" not in body
