"""Somebody with credits in front of the emulated upstream, whose requests several models may answer."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from app import db
from app.adapters.providers.openai import OpenAIProvider
from app.domain import clock
from app.domain.money import NANOS
from app.domain.paywalls.provider import ProviderSetting
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.call import Call, Run
from app.flows.chat.thinking import ThinkingModels
from app.flows.modes.mesh import MeshDoor, MeshPatience, RoutedCarrier
from app.flows.providers.breakers import Breakers
from app.formats.account.routing import read_routing
from app.formats.openai_request import read_chat_request
from app.keeper import Keeper
from app.ports.providers import ChatProvider, ProviderTarget
from tests.emulators.upstream import RunningUpstream
from tests.support.books import running_queue
from tests.support.carrying import describe
from tests.support.chat import Chat, Silent
from tests.support.credits import credits_account, open_credits, someone_with_key
from tests.support.handed import fee
from tests.support.scripted import COUNTER, limiter
from tests.support.taking_back import begin_shared, house_of, open_taking_bank

A, B, C, D = "leg_a", "leg_b", "leg_c", "leg_d"
PRICES = tuple(
    NewPrice(model, dollars * NANOS, 10 * dollars * NANOS, output_tokens_max=100)
    for model, dollars in ((A, 10), (B, 100), (C, 100), (D, 100))
)
"""B asks a hundredth of a credit for a token of the prompt and a tenth for one of the answer, A a tenth of that."""
_numbers = count(1)


class MovedClock:
    """The time, as a test moves it."""

    def __init__(self) -> None:
        self._now, self.ahead = clock.now, 0

    def now(self) -> int:
        return self._now() + self.ahead

    def move(self, seconds: float) -> None:
        self.ahead += round(seconds * clock.SECOND)


@contextmanager
def moving(monkeypatch: pytest.MonkeyPatch) -> Iterator[MovedClock]:
    """Gives a test the clock."""
    moved = MovedClock()
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", moved.now)
        yield moved


@dataclass
class Heard:
    """What a client heard of one answer: events of a stream, or a whole body; `error` where none came."""

    request_id: str
    events: list[Any] = field(default_factory=list)
    error: Exception | None = None

    @property
    def text(self) -> str:
        """Everything that was said."""
        choices = [choice for event in self.chunks for choice in event.get("choices", ())]
        said = [(choice.get("delta") or choice.get("message") or {}).get("content") or "" for choice in choices]
        return "".join(said)

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The events that are JSON."""
        return [event for event in self.events if isinstance(event, dict)]

    @property
    def routes(self) -> list[tuple[str, str, str | None]]:
        """Leg by leg what became of it, as the stream says."""
        found = [event["paywall_route"] for event in self.chunks if "paywall_route" in event]
        return [(one["model"], one["status"], one.get("reason")) for one in found if "leg" in one]

    @property
    def is_done(self) -> bool:
        """Whether it came to its end."""
        return "[DONE]" in self.events


@dataclass
class Mesh:
    """The flows of one process, over a real HTTP provider."""

    upstream: RunningUpstream
    person: Person
    snapshot: Snapshot
    chat: Chat
    breakers: Breakers
    door: MeshDoor
    carrier: RoutedCarrier

    async def begin(self, model: str, *fallback: str, **more: Any) -> Run | Ask:
        """Holds for a request. Raises as the door does."""
        source = more.pop("source", None)
        routing = {"fallback": list(fallback), **more.pop("routing", {})}
        body = {"model": model, "messages": [{"role": "user", "content": "Say it."}], "stream": True,
                "stream_options": {"include_usage": True}, **more}  # fmt: skip
        if not body["stream"]:
            del body["stream_options"]
        routed = read_routing({"model": model, "routing": routing, **more})
        goal = {"optimization_goal", "cost_saver"}
        request = read_chat_request({name: value for name, value in body.items() if name not in goal})
        call = Call(self.snapshot, self.person.account_id, None, request, f"req_{next(_numbers)}", routing=routed,
                    source=source)  # fmt: skip
        return await self.door.begin(call, None, _never)

    async def ask(self, model: str, *fallback: str, **more: Any) -> Heard:
        """Asks, and hears to the end. What is refused before anything is held is raised."""
        run = await self.begin(model, *fallback, **more)
        assert isinstance(run, Run), run
        return await self.carry(run)

    async def carry(self, run: Run) -> Heard:
        """Hears a request whose money is held to its end."""
        heard, sent = Heard(run.id), []

        async def send(piece: bytes) -> None:
            sent.append(piece)

        try:
            if run.leg.request.is_stream:
                sent.append(await self.carrier.stream(run, send, describe))
            else:
                heard.events = [json.loads(await self.carrier.whole(run, describe))]
        except Exception as error:
            heard.error = error
        lines = b"".join(sent).decode().split("\n\n")
        said = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        heard.events += [one if one == "[DONE]" else json.loads(one) for one in said]
        return heard

    def receipt(self, request_id: str) -> Receipt:
        """Returns what an answer cost."""
        with db.transaction(writes=False) as session:
            return read_receipt(session, self.snapshot.paywall_id, request_id)

    def asked(self) -> list[str]:
        """Returns which models the upstream was asked for, in order, since the last time."""
        return [model for model, _ in self.upstream.ends()]

    def lines(self, heard: Heard) -> list[tuple[str, str, str | None, str]]:
        """Returns a receipt's legs: model, what became of it, why, and its part of the charge."""
        return [(leg.model, leg.status, leg.reason, leg.charge) for leg in self.receipt(heard.request_id).legs]


class Emulated:
    """A way to the emulated upstream, whatever a setting says."""

    def __init__(self, upstream: RunningUpstream, provider: ChatProvider) -> None:
        self._upstream, self._provider = upstream, provider

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self._provider, ProviderTarget("emulator", self._upstream.base_url, "sk-emulator")

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self.find("", setting)


@asynccontextmanager
async def meshing(
    upstream: RunningUpstream,
    prices: Sequence[NewPrice] = PRICES,
    *,
    seconds_max: float = 120,
    whole_seconds_max: float = 120,
    paid_cents: int = 300_00,
) -> AsyncIterator[Mesh]:
    """Runs one process for somebody who has paid so much in."""
    upstream.reset()
    await open_credits(prices)
    person, snapshot = await someone_with_key()
    if paid_cents:
        await pay_in(person, paid_cents)
    async with running_queue() as queue:
        provider = OpenAIProvider(allow_private=True)
        try:
            limits, thinking = limiter(), ThinkingModels()
            chat = Chat(queue, Emulated(upstream, provider), COUNTER, limits)
            door = MeshDoor(
                Standings(),
                limits,
                chat.holds,
                chat.legs,
                thinking,
                Silent(Keeper()),
                fee(),
                None,
                MeshPatience(seconds_max, whole_seconds_max),
            )
            yield Mesh(upstream, person, snapshot, chat, chat.legs.breakers, door, RoutedCarrier(chat.legs, COUNTER))
            await chat.keeper.drain(5)
        finally:
            await provider.close()


async def pay_in(person: Person, cents: int) -> None:
    """Lets somebody buy credits."""
    bank = open_taking_bank()
    marks = begin_shared(credits_account(person), bank.connection_id, cents)
    await house_of(bank).door.receive(bank.connection_id, f"e{next(_numbers)}", bank.pay(f"pi_{next(_numbers)}", marks))


async def _never(snapshot: Snapshot) -> Snapshot:
    return snapshot
