"""What an answer costs is told while it runs, when it changed, and never behind its end."""

import asyncio
from collections.abc import MutableMapping
from types import SimpleNamespace
from typing import Any, cast

from app.api.playground.costs import CostEvents
from app.api.v1.exchange import Exchange
from app.domain.money import Unit
from app.flows.chat.call import Leg, Run
from app.flows.chat.hold import Held
from tests.support.waiting import until


class Ticking:
    """A meter that a test sets."""

    def __init__(self) -> None:
        self.nanos = 0
        self.asked = 0

    async def about_nanos(self) -> int:
        self.asked += 1
        return self.nanos


class Wire:
    """One exchange whose answer a test begins and ends."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.meter = Ticking()
        self.costs = CostEvents(self.keep, 0.01)
        self.exchange = Exchange({"coinslot.headers": []}, self.costs.send, "req_1", {})

    async def keep(self, message: MutableMapping[str, Any]) -> None:
        if message.get("body"):
            self.sent.append(message["body"])

    def run(self) -> Run:
        held = SimpleNamespace(snapshot=SimpleNamespace(unit=Unit.USD), admission=None)
        return Run(cast(Held, held), cast(Leg, None), self.meter)

    async def told(self, count: int) -> None:
        await until(lambda: len(self.sent) >= count)


async def test_costs_come_between_the_pieces_and_only_when_they_changed() -> None:
    wire = Wire()
    wire.costs.begin(wire.exchange)
    wire.exchange.begun = wire.run()
    await asyncio.sleep(0.05)
    assert wire.sent == [] and wire.meter.asked == 0  # nothing was answered yet: an error would have its status
    await wire.exchange.piece(b"data: one\n\n")
    await wire.told(2)
    asked = wire.meter.asked
    await until(lambda: wire.meter.asked > asked + 2)
    wire.meter.nanos = 1_234_000
    await wire.told(3)
    await wire.exchange.last(b"data: [DONE]\n\n")
    wire.meter.nanos = 9_999_000
    await asyncio.sleep(0.05)
    wire.costs.end()
    assert wire.sent == [
        b"data: one\n\n", b'event: cost\ndata: {"about":"$0.00"}\n\n', b'event: cost\ndata: {"about":"$0.001234"}\n\n',
        b"data: [DONE]\n\n",
    ]  # fmt: skip


async def test_a_link_costs_nothing_and_nothing_is_told() -> None:
    wire = Wire()
    wire.costs.begin(wire.exchange)
    await wire.exchange.piece(b"data: link\n\n")
    await asyncio.sleep(0.05)
    wire.costs.end()
    wire.costs.end()
    assert wire.sent == [b"data: link\n\n"]
