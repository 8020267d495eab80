"""Several models that answer what a test says, each by its name, and people who pay for them with credits."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app import db
from app.commit_queue import CommitQueue
from app.domain.errors import ProviderFailed, StaleDecision
from app.domain.ids import new_id
from app.domain.ledger.accounts import Kind, parse
from app.domain.ledger.tables import LedgerTransfer
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.provider import ProviderSetting
from app.domain.people.sessions import Person
from app.domain.pricing.price_book import NewPrice
from app.domain.wallets.shared import open_shared_wallet
from app.flows.callers.asked import Ask
from app.flows.callers.snapshot import Snapshot
from app.flows.cards.auto_topup import AutoTopups
from app.flows.chat.answer import Carrier
from app.flows.chat.call import Call
from app.flows.modes.carrying import PanelCarrier, Result
from app.flows.modes.door import PanelDoor
from app.flows.modes.feed import Piece
from app.flows.modes.members import Panel
from app.flows.modes.speaking import Patience, Speaking
from app.formats.account.modes import Asking
from app.formats.openai_request import read_chat_request
from app.ports.providers import ChatProvider, ProviderAnswer, ProviderTarget
from app.ports.redactor import Redactor
from app.sql.columns import table_of
from tests.support.chat import Chat, Silent
from tests.support.credits import open_credits, someone_with_key
from tests.support.scripted import COUNTER, limiter
from tests.support.taking_back import begin_shared, house_of, open_taking_bank

SAID = [{"role": "user", "content": "Which colour has the sea?"}]
PATIENCE = Patience(leg=60, late=60, whole=60)
"""So long that no machine is too busy."""


def saying(text: str, *, prompt: int = 100, output: int = 100, pieces: int = 4) -> list["Said"]:
    """Returns an answer in so many pieces, whose provider says so many tokens."""
    size = -(-len(text) // pieces)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    usage = {"prompt_tokens": prompt, "completion_tokens": output}
    return [*(spoken(part) for part in parts), event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            event({"choices": [], "usage": usage}), b"data: [DONE]\n\n"]  # fmt: skip


def spoken(text: str) -> bytes:
    """Returns the event of a piece of text."""
    return event({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]})


def event(content: Mapping[str, Any]) -> bytes:
    """Returns an event of a provider."""
    return b"data: " + json.dumps(content).encode() + b"\n\n"


@dataclass
class PanelAnswer:
    """An answer of one model: pieces, an exception among them is raised, an event is waited for, None for ever."""

    pieces: list["Said"]
    closed: int = 0
    read_bytes: int = 0

    @property
    def content_type(self) -> str:
        return "text/event-stream"

    @property
    def redactor(self) -> Redactor | None:
        return None

    def cleaned(self, error: dict[str, object]) -> dict[str, object]:
        return error

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        if not self.pieces:
            return b""
        piece = self.pieces[0]
        if piece is None:
            await asyncio.Event().wait()
        elif isinstance(piece, asyncio.Event):
            await piece.wait()
            del self.pieces[0]
            return await self.read()
        del self.pieces[0]
        if isinstance(piece, Exception):
            raise piece
        self.read_bytes += len(piece or b"")
        return piece or b""

    async def close(self) -> None:
        self.closed += 1

    async def finish(self) -> None:
        await self.close()


Said = bytes | Exception | asyncio.Event | None
Script = Sequence[Said] | ProviderFailed | Callable[[dict[str, Any]], Sequence[Said]]


@dataclass
class Models:
    """A provider of several models, each with its script; `sent` are the bodies that each got."""

    scripts: Mapping[str, Script]
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, PanelAnswer] = field(default_factory=dict)

    def find(self, paywall_id: str, setting: ProviderSetting) -> tuple[ChatProvider, ProviderTarget]:
        return self, ProviderTarget("scripted", "http://x/v1", None)

    def reach(self, setting: ProviderSetting, api_key: str | None) -> tuple[ChatProvider, ProviderTarget]:
        return self, ProviderTarget("scripted", "http://x/v1", api_key)

    async def send(self, target: ProviderTarget, body: bytes) -> ProviderAnswer:
        said = json.loads(body)
        self.sent.setdefault(said["model"], []).append(said)
        script = self.scripts[said["model"]]
        if isinstance(script, ProviderFailed):
            raise script.unraised()
        pieces = script(said) if callable(script) else script
        answer = self.answers[said["model"]] = PanelAnswer(list(pieces))
        return answer

    async def list_models(self, target: ProviderTarget) -> list[str]:
        return list(self.scripts)

    async def close(self) -> None:
        return


def credits_a_thousand(model: str, credits: str = "10", **more: Any) -> NewPrice:
    """Returns a price of so many credits for a thousand tokens, of whichever kind."""
    dollars_a_million = int(Decimal(credits) * 10 * NANOS)
    return NewPrice(model, dollars_a_million, dollars_a_million, **more)


async def paying(prices: Sequence[NewPrice], credits: int = 300) -> tuple[Person, Snapshot]:
    """Returns somebody who has paid for so many credits, beside 20 free ones, where these models are offered."""
    await open_credits(prices)
    ada, snapshot = await someone_with_key()
    await pay_for(ada.account_id, credits)
    return ada, snapshot


async def pay_for(account_id: str, credits: int) -> None:
    """Pays for so many credits by card: all models are open to whoever has done that."""
    with db.transaction() as session:
        account = open_shared_wallet(session, account_id, Environment.SANDBOX, Unit.CREDIT)
    bank = open_taking_bank()
    marks = begin_shared(account, bank.connection_id, credits)
    await house_of(bank).door.receive(bank.connection_id, "e1", bank.pay("pi_1", marks))


def owed_for(request_id: str) -> tuple[int, int]:
    """Returns what providers are owed for a request, in nanos, and what of that nobody has paid."""
    transfers = table_of(LedgerTransfer)
    with db.transaction(writes=False) as session:
        rows = session.execute(select(transfers).where(transfers.c.request_id == request_id)).all()
    owed = [row for row in rows if parse(row.credit_account_id).kind is Kind.PROVIDER_PAYABLE]
    unpaid = [row.amount for row in owed if parse(row.debit_account_id).kind is Kind.SHORTFALL]
    return sum(row.amount for row in owed), sum(unpaid)


class Panels:
    """The flows of requests that ask several models, as one process has them."""

    def __init__(
        self, queue: CommitQueue, models: Models, patience: Patience = PATIENCE, topups: AutoTopups | None = None
    ) -> None:
        self.models = models
        self.chat = Chat(queue, models, COUNTER, limiter(), topups=topups)
        carrier = Carrier(self.chat.legs, COUNTER)
        self.speaking = Speaking(self.chat.legs, self.chat.holds, carrier, COUNTER, patience)
        self.carrier = PanelCarrier(self.speaking, self.chat.holds)
        door = self.chat.door
        self.door = PanelDoor(door, door._standings, door._limits, self.chat.holds, self.chat.legs,
                              Silent(self.chat.keeper), COUNTER)  # fmt: skip

    async def begin(self, snapshot: Snapshot, asking: Asking, request_id: str | None = None) -> Panel | Ask:
        """Begins a request."""
        request = read_chat_request({**asking.options, "model": asking.models[0], "messages": asking.messages})
        call = Call(snapshot=snapshot, user=snapshot.account_id or "", user_from=None, request=request,
                    request_id=request_id or new_id("req"))  # fmt: skip
        return await self.door.begin(call, asking, _never)

    async def ask(self, snapshot: Snapshot, asking: Asking) -> tuple[Result, list[Piece]]:
        """Asks, and reads all that comes."""
        panel = await self.begin(snapshot, asking)
        assert isinstance(panel, Panel), panel
        pieces: list[Piece] = []

        async def show(piece: Piece) -> None:
            pieces.append(piece)

        return await self.carrier.stream(panel, show), pieces


async def _never(_snapshot: Snapshot) -> Snapshot:
    raise StaleDecision("What this was decided on has changed.")
