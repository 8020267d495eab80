"""Chat: decide → hold → send → forward → settle or release.

Whatever happens to the client, the provider or this task, a hold that was granted ends in a settlement or
a release; only the death of the process leaves that to housekeeping.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from app import db
from app.commit_queue import CommitQueue
from app.domain import clock
from app.domain.errors import HoldClosed, InsufficientFunds, LedgerRefused, Unavailable
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX, Kind
from app.domain.ledger.operations import Applied, Collected, Hold, Release, Settle, Split, Transfer
from app.domain.pricing.price_book import Offer
from app.domain.pricing.quote import charge_nanos
from app.domain.rows import Row
from app.domain.usage import requests
from app.domain.usage.requests import Asked, Metered
from app.domain.wallets.wallets import AppWallet, read_balance
from app.flows.chat_request import ChatRequest
from app.flows.decide import Bound, bound_of, find_offer
from app.flows.ports import ProviderAnswer, Providers, TokenCounter
from app.flows.prompt_count import count_prompt
from app.flows.snapshot import Snapshot

log = structlog.get_logger()

SETTLE_RETRY_SECONDS = (0.1, 0.5, 1, 2, 5)
"""Pauses between attempts to land a settlement; the last one repeats."""


@dataclass(frozen=True, slots=True)
class NeedsTopup:
    """The ledger refused the hold: the user is asked for money instead of the model for an answer."""

    shortfall_nanos: int
    balance_nanos: int


@dataclass(slots=True)
class Run:
    """A request whose hold is granted and whose provider has begun to answer."""

    snapshot: Snapshot
    request: ChatRequest
    asked: Asked
    offer: Offer
    bound: Bound
    held: Applied
    answer: ProviderAnswer | None = None
    output_limit: int = 0


def revenue_split(wallet: AppWallet) -> Split:
    """Returns the split of a default-mode charge: all of it is the paywall's (virtual) revenue."""

    def split(collected: Collected) -> list[Transfer]:
        revenue = wallet.account.beside(Kind.REVENUE, wallet.paywall_id)
        parts = ((wallet.account.promo, collected.from_promo), (wallet.account, collected.from_wallet))
        return [Transfer(account, revenue, amount, "charge") for account, amount in parts if amount]

    return split


class Chat:
    """The chat flow of one process; `owner` is the process whose lease keeps its holds alive."""

    def __init__(self, queue: CommitQueue, providers: Providers, counter: TokenCounter, owner: str) -> None:
        self._queue = queue
        self._providers = providers
        self._counter = counter
        self._owner = owner
        self._finishing: set[asyncio.Task[Applied | None]] = set()

    async def begin(
        self, snapshot: Snapshot, user: str, request: ChatRequest, request_id: str, client_request_id: str | None
    ) -> Run | NeedsTopup:
        """Decides, holds, and returns once the provider has begun to answer.

        Raises UnknownModel, BadField, StaleDecision, Unavailable; ProviderFailed after the hold was released.
        """
        offer = find_offer(snapshot, request.model)
        bound = bound_of(request, offer)
        asked = Asked(
            id=request_id,
            client_request_id=client_request_id,
            wallet=snapshot.wallet(user),
            kind="chat",
            model=request.model,
            provider=snapshot.configuration.provider.name,
            streamed=request.is_stream,
            unit=snapshot.unit,
            price=offer.price,
        )
        try:
            held, counted = await self._hold(snapshot, request, asked, offer, bound)
        except InsufficientFunds as refusal:
            balance = await db.in_transaction(lambda session: read_balance(session, asked.wallet))
            return NeedsTopup(max(refusal.needed_nanos - refusal.available_nanos, 0), balance.posted_nanos)
        run = Run(snapshot, request, asked, offer, bound, held)
        run.output_limit = counted.fitting_output_tokens(offer, held.amount)
        await self._send(run)
        return run

    async def _hold(
        self, snapshot: Snapshot, request: ChatRequest, asked: Asked, offer: Offer, bound: Bound
    ) -> tuple[Applied, Bound]:
        """Holds what the request may cost; counts the prompt exactly only if its bytes would not fit.

        Returns the bound that the hold pays for, too.
        """
        most, least = bound.nanos(offer, bound.output_tokens), bound.nanos(offer, bound.output_tokens_least)
        hold = Hold(
            id=requests.hold_id(asked.id),
            wallet=asked.wallet.account,
            most=most,
            least=least,
            bound=most,
            owner=self._owner,
            request_id=asked.id,
            epochs=snapshot.epochs,
        )
        try:
            return await self._commit_hold(hold, asked), bound
        except InsufficientFunds:
            tokens = await asyncio.to_thread(count_prompt, request, self._counter)
            if tokens is None or tokens >= request.prompt_bytes:
                raise
        counted = Bound(tokens + bound.prompt_tokens - request.prompt_bytes, bound.output_tokens,
                        bound.output_tokens_least, bound.choices)  # fmt: skip
        least = counted.nanos(offer, counted.output_tokens_least)
        smaller = Hold(hold.id, hold.wallet, most, least, most, hold.owner, hold.request_id, epochs=hold.epochs)
        return await self._commit_hold(smaller, asked), counted

    async def _commit_hold(self, hold: Hold, asked: Asked) -> Applied:
        """Commits a hold with its request row; one whose answer was lost is released in the background."""
        try:
            return await asyncio.shield(self.keep(self._queue.commit(hold, lambda held: [requests.begin(asked, held)])))
        except (Unavailable, asyncio.CancelledError):
            self.keep(self._release_until_landed(asked.id))
            raise

    async def _send(self, run: Run) -> None:
        """Sends the request upstream; releases the hold if no answer begins."""
        setting = run.snapshot.configuration.provider
        try:
            provider, target = self._providers.find(run.snapshot.paywall_id, setting)
            run.answer = await provider.send(target, run.request.upstream_body(run.output_limit, setting.limit_field))
        finally:
            if run.answer is None:
                await self.release(run)

    async def settle(self, run: Run, metered: Metered) -> Applied:
        """Charges what was used, once, whatever becomes of the caller.

        A charge of nothing releases the hold. Raises Unavailable if the commit's answer did not come; the
        settlement is then repeated in the background until it lands.
        """
        charge = charge_nanos(run.offer.price, metered.tokens) if metered.tokens and metered.tokens.output else 0
        if not charge and not run.offer.price.is_free:
            return await self.release(run)
        # Usage may be nonsense, and come to more than the ledger can say; it charges no more than the bound anyway.
        sayable = min(charge, AMOUNT_NANOS_MAX)
        operation = Settle(requests.hold_id(run.asked.id), sayable, revenue_split(run.asked.wallet))

        def beside(settled: Applied) -> list[Row]:
            whole = replace(settled, short=settled.short + charge - sayable)
            return [requests.finish(run.asked, metered, run.held.amount, whole)]

        async def once() -> Applied:
            return await self._queue.commit(operation, beside)

        return await self._surely(once, run.asked.id, "settle")

    async def release(self, run: Run) -> Applied:
        """Gives the hold back whole, whatever becomes of the caller. Raises Unavailable as settle does."""

        async def once() -> Applied:
            return await self._queue.commit(
                Release(requests.hold_id(run.asked.id)), lambda _released: [requests.let_go(run.asked.id)]
            )

        return await self._surely(once, run.asked.id, "release")

    async def _surely(self, once: Callable[[], Awaitable[Applied]], request_id: str, step: str) -> Applied:
        try:
            return await asyncio.shield(self.keep(once()))
        except Unavailable:
            self.keep(self._repeat(once, request_id, step))
            raise

    async def _repeat(self, once: Callable[[], Awaitable[Applied]], request_id: str, step: str) -> Applied | None:
        """Repeats a commit until it lands or the ledger says that it is settled otherwise."""
        attempt = 0
        while True:
            await asyncio.sleep(SETTLE_RETRY_SECONDS[min(attempt, len(SETTLE_RETRY_SECONDS) - 1)])
            attempt += 1
            try:
                return await once()
            except Unavailable as error:
                log.warning("chat", step=step, request=request_id, attempt=attempt, error=error.message)
            except LedgerRefused as refusal:
                log.info("chat", step=step, request=request_id, attempt=attempt, refusal=refusal.message)
                return None

    async def _release_until_landed(self, request_id: str) -> Applied | None:
        async def once() -> Applied:
            return await self._queue.commit(
                Release(requests.hold_id(request_id)), lambda _released: [requests.let_go(request_id)]
            )

        try:
            return await once()
        except HoldClosed:
            return None
        except Unavailable:
            return await self._repeat(once, request_id, "release")

    def keep(self, work: Awaitable[Applied | None]) -> "asyncio.Task[Applied]":
        """Runs work that outlives its caller; the lifespan's exit waits for it."""

        async def run() -> Applied | None:
            return await work

        task = asyncio.create_task(run())
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)
        return task  # type: ignore[return-value]

    async def drain(self, seconds: float) -> None:
        """Waits for settlements that still run, and for the repetitions that they may need."""
        end = clock.monotonic_seconds() + seconds
        while self._finishing and (left := end - clock.monotonic_seconds()) > 0:
            await asyncio.wait(self._finishing, timeout=left)
