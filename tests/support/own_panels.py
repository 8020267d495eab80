"""Several models by own keys and by the wallet, over one emulated upstream that sees by which key each was asked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app import db
from app.adapters.providers.openai import OpenAIProvider
from app.domain.ids import new_id
from app.domain.legs.legs import Source
from app.domain.paywalls.provider import ProviderSetting
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.pricing.receipts import Receipt
from app.domain.usage.idempotency import Claim
from app.domain.usage.requests import UNLABELLED, Labels, read_receipt
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Call
from app.flows.chat.thinking import ThinkingModels
from app.flows.modes.carrying import PanelCarrier, Result
from app.flows.modes.door import PanelDoor
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.modes.mesh import MeshDoor, MeshPatience, RoutedCarrier
from app.flows.modes.speaking import Speaking
from app.flows.vault.vault import Vault, VaultRules
from app.formats.account.modes import Asking
from app.formats.openai_request import read_chat_request
from app.keeper import Keeper
from app.ports.providers import ChatProvider, ProviderTarget, TokenRefresher
from tests.emulators.upstream import RunningUpstream
from tests.support.books import running_queue
from tests.support.chat import Chat, Silent
from tests.support.handed import fee
from tests.support.meshing import Mesh
from tests.support.own_keys import NoEndpoint, box
from tests.support.panels import PATIENCE, credits_a_thousand, paying
from tests.support.scripted import COUNTER, limiter

PLATFORM_KEY = "sk-emulator"


@dataclass
class ByKey:
    """One upstream for all: an own key goes there as itself, the paywall's as `PLATFORM_KEY`."""

    upstream: RunningUpstream
    provider: ChatProvider

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self.provider, ProviderTarget("emulator", self.upstream.base_url, PLATFORM_KEY)

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self.provider, ProviderTarget("emulator", self.upstream.base_url, api_key)


@dataclass
class OwnModes:
    """The flows of one process: whoever pays with credits or by own keys asks several models."""

    upstream: RunningUpstream
    person: Person
    snapshot: Snapshot
    chat: Chat
    door: PanelDoor
    carrier: PanelCarrier
    mesh: Mesh
    pieces: list[Piece] = field(default_factory=list)

    async def begin(
        self,
        asking: Asking,
        source: Source | None = None,
        *,
        labels: Labels = UNLABELLED,
        snapshot: Snapshot | None = None,
        user: str | None = None,
        claimed: Claim | None = None,
    ) -> Panel | Ask:
        """Begins a request; of another paywall's user where that is said."""
        request = read_chat_request({**asking.options, "model": asking.models[0], "messages": asking.messages})
        call = Call(snapshot=snapshot or self.snapshot, user=user or self.person.account_id, user_from=None,
                    request=request, request_id=new_id("req"), labels=labels, source=source)  # fmt: skip
        return await self.door.begin(call, asking, _itself, claimed)

    async def ask(self, asking: Asking, source: Source | None = None, **more: Any) -> Result:
        """Asks, and reads all that comes into `pieces`."""
        panel = await self.begin(asking, source, **more)
        assert isinstance(panel, Panel), panel

        async def show(piece: Piece) -> None:
            self.pieces.append(piece)

        return await self.carrier.stream(panel, show)

    def receipt(self, request_id: str, snapshot: Snapshot | None = None) -> Receipt:
        """Returns what an answer cost."""
        with db.transaction(writes=False) as session:
            return read_receipt(session, (snapshot or self.snapshot).paywall_id, request_id)

    def lines(self, request_id: str, snapshot: Snapshot | None = None) -> list[tuple[str, str, str, str]]:
        """Returns a receipt's legs: model, who pays, what became of it, and its part of the charge."""
        found = self.receipt(request_id, snapshot).legs
        return [(leg.model, leg.billing_source, leg.status, leg.charge) for leg in found]

    def asked(self) -> Counter[tuple[str, bool]]:
        """Returns how often each model was asked, and whether by an own key."""
        platform = f"Bearer {PLATFORM_KEY}"
        seen = self.upstream.seen()
        return Counter((one["model"], one["headers"]["authorization"] != platform) for one in seen)


@asynccontextmanager
async def own_modes(
    upstream: RunningUpstream,
    prices: Sequence[NewPrice] | None = None,
    *,
    credits: int = 300,
    endpoint: TokenRefresher | None = None,
    rules: VaultRules | None = None,
    seconds_max: float = 120,
) -> AsyncIterator[OwnModes]:
    """Runs one process for somebody who has paid for so many credits."""
    upstream.reset()
    person, snapshot = await paying(prices or [credits_a_thousand(name) for name in ("a", "b", "c", "j")], credits)
    async with running_queue() as queue:
        provider = OpenAIProvider(allow_private=True)
        try:
            by_key, limits, standings = ByKey(upstream, provider), limiter(), Standings()
            vault = Vault(by_key, box(), endpoint or NoEndpoint(), Keeper(), "proc_test", rules or VaultRules())
            chat = Chat(queue, by_key, COUNTER, limits, standings=standings, vault=vault)
            teller = Silent(Keeper())
            speaking = Speaking(chat.legs, chat.holds, Carrier(chat.legs, COUNTER), COUNTER, PATIENCE)
            panels = PanelDoor(chat.door, standings, limits, chat.holds, chat.legs, teller, COUNTER)
            door = MeshDoor(
                standings,
                limits,
                chat.holds,
                chat.legs,
                ThinkingModels(),
                teller,
                fee(),
                None,
                MeshPatience(seconds_max, seconds_max),
            )
            mesh = Mesh(upstream, person, snapshot, chat, chat.legs.breakers, door, RoutedCarrier(chat.legs, COUNTER))
            yield OwnModes(upstream, person, snapshot, chat, panels, PanelCarrier(speaking, chat.holds), mesh)
            await chat.keeper.drain(5)
            await asyncio.sleep(0)
        finally:
            await provider.close()


async def _itself(snapshot: Snapshot) -> Snapshot:
    return snapshot
