"""Answers that the chat flows carry for one user, and what they leave in the books."""

from typing import Any

from sqlalchemy import func, select

from app import db
from app.commit_queue import CommitQueue
from app.domain.errors import ProviderFailed
from app.domain.ledger.tables import LedgerHold, LedgerTransfer
from app.domain.money import NANOS
from app.domain.pricing.quote import Tokens, charge_nanos
from app.domain.pricing.receipts import Receipt
from app.domain.usage.requests import read_receipt
from app.domain.usage.tables import Request
from app.domain.wallets.tables import Wallet
from app.domain.wallets.wallets import Balance, read_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.chat.call import Run
from app.flows.chat.end import Stop, Wording
from tests.support.books import assert_books_balance, give, make_snapshot, running_queue
from tests.support.scripted import Scripted, flows, request

BROKEN = ProviderFailed("The line broke.")


describe = Wording(
    lambda settled: {"charge": settled.amount}, lambda action: Stop("Top up.", {"action": action, "url": "u"})
)


async def begun(queue: CommitQueue, snapshot: Snapshot, provider: Scripted, **more: Any) -> tuple[Run, Any]:
    """Gives the user money and begins a request; returns it, and what carries its answer."""
    await give(snapshot, "ada", NANOS)
    chat, carrier = flows(queue, provider)
    run = await chat.begin(snapshot, "ada", request(**more), "req_1", None)
    assert isinstance(run, Run)
    return run, carrier


async def streamed(provider: Scripted, **more: Any) -> tuple[list[bytes], Snapshot, Run]:
    """Carries a stream and returns what was sent."""
    snapshot, sent = make_snapshot(), []

    async def send(data: bytes) -> None:
        sent.append(data)

    async with running_queue() as queue:
        run, carrier = await begun(queue, snapshot, provider, stream=True, **more)
        await send(await carrier.stream(run, send, describe))
    assert provider.answer.is_closed
    assert_books_balance()
    return sent, snapshot, run


def charge_of(run: Run, prompt: int, output: int) -> int:
    """Returns what so many tokens cost, at the price of a request."""
    return charge_nanos(run.leg.offer.price, Tokens(prompt, output))


def balance(snapshot: Snapshot) -> Balance:
    """Returns the user's balance."""
    with db.transaction(writes=False) as session:
        return read_balance(session, snapshot.wallet("ada"))


def receipt(snapshot: Snapshot, request_id: str = "req_1") -> Receipt:
    """Returns a request's receipt."""
    with db.transaction(writes=False) as session:
        return read_receipt(session, snapshot.paywall_id, request_id)


def rows_written() -> int:
    """Counts what a request may leave behind."""
    tables = (LedgerHold, LedgerTransfer, Request, Wallet)
    with db.transaction(writes=False) as session:
        return sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
