"""Chat: decide → hold → send → forward → settle or release.

Whatever happens to the client, the provider or this task, a hold that was granted ends in a settlement or
a release; only the death of the process leaves that to housekeeping.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from sqlalchemy.exc import IntegrityError

from app import db, threads
from app.commit_queue import CommitQueue
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.errors import InsufficientFunds, LedgerRefused, ProviderFailed, StaleDecision, StillRunning, Unavailable
from app.domain.events.request_events import AT_ONCE, OF_CHAT
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.ledger.operations import Applied, Extend, Hold, Release, Settle
from app.domain.paywalls.configuration import UserPlace
from app.domain.pricing.bound import Bound
from app.domain.pricing.quote import charge_nanos, cost_nanos
from app.domain.rows import Row
from app.domain.usage import idempotency, requests
from app.domain.usage.idempotency import ChatAnswer, Claim
from app.domain.usage.requests import CLIENT_GONE, EMPTY_ANSWER, UNLABELLED, Asked, Labels, Metered
from app.domain.usage.tables import RequestKind
from app.flows.callers.asked import Action, Ask
from app.flows.callers.balance import read_app_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.standing import Standings
from app.flows.chat.call import Run
from app.flows.chat.decide import decide
from app.flows.chat.send import send, within_window
from app.flows.chat.thinking import ThinkingModels
from app.flows.limits.limiter import Limiter
from app.formats.openai_request import ChatRequest
from app.formats.openai_tokens import count_prompt, with_images
from app.keeper import Keeper
from app.ports.providers import Providers
from app.ports.tokens import TokenCounter

log = structlog.get_logger()

SETTLE_RETRY_SECONDS = (0.1, 0.5, 1, 2, 5)
"""Pauses between attempts to land a settlement; the last one repeats."""

Keep = Callable[[Applied], ChatAnswer]
"""Says what is kept of an answer for a retry with its key, given its settlement. Pure."""


class Chat:
    """The chat flow of one process; `owner` is the process whose lease keeps its holds alive."""

    def __init__(self, queue: CommitQueue, providers: Providers, counter: TokenCounter, owner: str,
                 standings: Standings, limits: Limiter, keeper: Keeper, fee_basis_points: int) -> None:  # fmt: skip
        self._queue, self._limits = queue, limits
        self._standings = standings
        self._providers = providers
        self._counter = counter
        self._owner = owner
        self._thinking = ThinkingModels()
        self._fee = fee_basis_points
        self.keeper, self.keep = keeper, keeper.keep

    async def begin(
        self,
        snapshot: Snapshot,
        user: str,
        request: ChatRequest,
        request_id: str,
        client_request_id: str | None,
        claimed: Claim | None = None,
        *,
        user_from: UserPlace | None = None,
        labels: Labels = UNLABELLED,
    ) -> Run | Ask:
        """Decides, holds, and returns once the provider has begun to answer. `user_from` and `labels` are
        kept for the receipt.

        Raises UnknownModel, BadField, Blocked, LimitReached, StaleDecision, Unavailable; StillRunning if
        another request has the key; ProviderFailed after the hold was released.
        """
        standing = await self._standings.find(snapshot, user)
        has_thought = self._thinking.has_thought(snapshot.paywall_id, request.model)
        decision = decide(snapshot, standing, request, has_thought_unseen=has_thought)
        if isinstance(decision, Ask):
            return decision
        provider = snapshot.configuration.provider.name
        asked = Asked(id=request_id, client_request_id=client_request_id, wallet=standing.payer, kind=RequestKind.CHAT,
                      model=request.model, provider=provider, streamed=request.is_stream, unit=snapshot.unit,
                      price=decision.offer.price, claim_id=claimed.id if claimed else None,
                      terms=terms_of(snapshot.mode, provider, self._fee),
                      is_told=not snapshot.told.isdisjoint(OF_CHAT),
                      is_told_at_once=not snapshot.told.isdisjoint(AT_ONCE), user_from=user_from,
                      key_id=snapshot.key_id, paywall_version=snapshot.version, labels=labels)  # fmt: skip
        bound = await within_window(request, decision.offer, decision.bound, self._counter)
        run = Run(snapshot=snapshot, request=request, asked=asked, offer=decision.offer, bound=bound, standing=standing)
        try:
            if snapshot.limits is not None:
                run.admission = await self._limits.admit(snapshot, user, request, run.bound, request_id, self.keep)
                run.bound = run.admission.bound
            await self._hold(run, claimed)
        except InsufficientFunds as refusal:
            if run.admission is not None:
                await self._limits.check_spending(run.admission, snapshot, refusal)
            view = await db.in_transaction(lambda session: read_app_balance(session, snapshot, user))
            shortfall = max(refusal.needed_nanos - refusal.available_nanos, 0)
            action: Action = "limit" if refusal.short_of in standing.budgets else "topup"
            return Ask(action, shortfall, view.balance_nanos)
        except StaleDecision:
            self._standings.forget(snapshot, user)
            raise
        finally:
            if run.admission is not None and not run.output_limit:  # it was not held
                await asyncio.wait((self.keep(self._limits.forgo(run.admission)),))
        await self._send(run)
        return run

    async def _hold(self, run: Run, claimed: Claim | None) -> None:
        """Holds what the request may cost; counts the prompt exactly only if its bytes would not fit.

        Leaves in the run the bound that the hold pays for, and the output limit to send.
        """
        bound, request = run.bound, run.request
        try:
            hold = self._hold_of(run, bound)
            run.held = await self._commit_hold(run, hold, claimed)
        except InsufficientFunds:
            tokens = await threads.COUNT.run(count_prompt, request, self._counter)
            if tokens is None or tokens >= request.prompt_bytes:
                raise
            run.bound = bound = replace(bound, prompt_tokens=tokens + bound.prompt_tokens - request.prompt_bytes)
            hold = self._hold_of(run, bound)
            run.held = await self._commit_hold(run, hold, claimed)
        is_whole = run.held.amount >= hold.most
        run.output_limit = bound.output_tokens if is_whole else bound.fitting_output_tokens(run.offer, run.held.amount)
        if run.output_limit < bound.output_tokens:
            run.lowered_by, run.lowered_to = run.standing.asked_for(run.held.short_of, run.budgets), run.output_limit

    def _hold_of(self, run: Run, bound: Bound) -> Hold:
        offer = run.offer
        whole = bound.nanos(offer, bound.output_tokens)
        first = bound.nanos(offer, bound.first) if bound.output_tokens_first else whole
        return Hold(requests.hold_id(run.asked.id), run.asked.wallet.account, first,
                    bound.nanos(offer, bound.output_tokens_least), whole, self._owner, run.asked.id,
                    run.budgets, run.snapshot.epochs + run.standing.epochs)  # fmt: skip

    async def _commit_hold(self, run: Run, hold: Hold, claimed: Claim | None) -> Applied:
        """Commits a hold with its request row; one whose answer was lost is released in the background."""

        def beside(held: Applied) -> list[Row]:
            row: list[Row] = [requests.begin(run.asked, held)]
            return row if claimed is None else [*row, idempotency.claim_chat(claimed)]

        try:
            return await self._queue.submit(hold, beside)
        except (Unavailable, asyncio.CancelledError):
            self.keep(self._repeat(lambda: self._submit_release(run), run.asked.id, "release"))
            raise
        except IntegrityError:
            if claimed is None:
                raise
            raise StillRunning("The first request with this Idempotency-Key is still running.") from None

    async def _send(self, run: Run) -> None:
        """Sends the request upstream; releases the hold if no answer begins."""
        try:
            run.answer, run.output_limit = await send(
                self._providers, run.snapshot, run.request, run.offer, run.output_limit, self._counter
            )
        except ProviderFailed as error:
            run.failure = error.reason
            log.warning("chat", step="send", request=run.asked.id, provider=run.asked.provider, reason=error.reason)
            raise
        finally:
            if run.answer is None:
                await self.release(run)

    async def extend(self, run: Run, amount_nanos: int, metered: Metered) -> None:
        """Raises the hold of a stream and checkpoints what it has used so far.

        A chat with a key is charged nothing by a checkpoint: were its process lost, its retry could not be
        given what had been paid for. Raises InsufficientFunds, HoldClosed, Unavailable.
        """
        metered = with_images(metered, run.request, run.bound.images)
        metered_nanos = charge_nanos(run.offer.price, metered.tokens) if metered.tokens else 0
        if run.asked.claim_id is not None:
            metered_nanos, metered = 0, Metered(None, estimated=True)
        operation = Extend(requests.hold_id(run.asked.id), amount_nanos, metered_nanos)
        run.held = await self._queue.submit(operation, lambda held: [requests.checkpoint(run.asked, metered, held)])

    async def settle(self, run: Run, metered: Metered, keep: Keep | None = None, *, is_free: bool = False) -> Applied:
        """Charges what was used, once, whatever becomes of the caller; nothing if it `is_free` for this once.

        A charge of nothing releases the hold. Raises Unavailable if the commit's answer did not come; the
        settlement is then repeated in the background until it lands.
        """
        metered = with_images(metered, run.request, run.bound.images)
        asked, price, tokens = run.asked, run.offer.price, metered.tokens
        if tokens is not None and tokens.other:
            self._thinking.note(run.snapshot.paywall_id, run.request.model, tokens)
        if run.admission is not None and tokens is not None:
            run.admission.used_tokens = tokens.prompt + tokens.output
        charge = charge_nanos(price, tokens) if tokens and tokens.output else 0
        if not charge and not price.is_free:
            run.failure = metered.failure or (CLIENT_GONE if metered.disconnect else EMPTY_ANSWER)
            return await self.release(run)
        # Usage may be nonsense, and come to more than the ledger can say; it charges no more than the bound anyway.
        wanted = 0 if is_free else min(charge, AMOUNT_NANOS_MAX)
        cost = cost_nanos(price, tokens) if asked.terms and tokens else 0
        split = charge_split(asked.wallet.account, asked.wallet.paywall_id, asked.terms, cost, asked.provider)
        operation = Settle(requests.hold_id(asked.id), wanted, split, False, asked.wallet.account, run.budgets)

        def beside(settled: Applied) -> list[Row]:
            if charge != wanted:
                settled = replace(settled, short=settled.short + charge - wanted)
            row: list[Row] = [requests.finish(asked, metered, settled)]
            if asked.claim_id is None or keep is None:
                return row
            return [*row, idempotency.keep_chat(asked.claim_id, keep(settled))]

        return await self._surely(lambda: self._queue.submit(operation, beside), run, "settle")

    async def release(self, run: Run) -> Applied:
        """Gives the hold back whole, whatever becomes of the caller. Raises Unavailable as settle does."""
        return await self._surely(lambda: self._submit_release(run), run, "release")

    def _submit_release(self, run: Run) -> Awaitable[Applied]:
        def beside(_released: Applied) -> list[Row]:
            row: list[Row] = [requests.let_go(run.asked.id, run.failure, is_told=run.asked.is_told)]
            return row if run.asked.claim_id is None else [*row, idempotency.give_up_chat(run.asked.claim_id)]

        release = Release(requests.hold_id(run.asked.id), run.asked.wallet.account, run.budgets)
        return self._queue.submit(release, beside)

    async def _surely(self, submit: Callable[[], Awaitable[Applied]], run: Run, step: str) -> Applied:
        """Waits for a commit; if it fails for now, or the caller is cancelled, it is seen to in the background.

        What the developer's limits counted is given back meanwhile, before the caller can ask for more.
        """
        ending = None if run.admission is None else await self._limits.end(run.admission, self.keep)
        try:
            return await submit()
        except (Unavailable, asyncio.CancelledError):
            self.keep(self._repeat(submit, run.asked.id, step))
            raise
        finally:
            if ending is not None:
                await asyncio.wait((ending,))

    async def _repeat(self, submit: Callable[[], Awaitable[Applied]], request_id: str, step: str) -> Applied | None:
        """Repeats a commit until it lands or the ledger says that it is settled otherwise."""
        attempt = 0
        while True:
            try:
                return await submit()
            except Unavailable as error:
                log.warning("chat", step=step, request=request_id, attempt=attempt, error=error.message)
            except LedgerRefused as refusal:
                log.info("chat", step=step, request=request_id, attempt=attempt, refusal=refusal.message)
                return None
            await asyncio.sleep(SETTLE_RETRY_SECONDS[min(attempt, len(SETTLE_RETRY_SECONDS) - 1)])
            attempt += 1
