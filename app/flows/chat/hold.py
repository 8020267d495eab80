"""Money held for one request, whoever answers it: held before it runs, more while it does, and ended once.

Whatever happens to the client, the provider or this task, a hold that was granted ends in a settlement or
a release; only the death of the process leaves that to housekeeping. No provider is known here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import structlog
from sqlalchemy.exc import IntegrityError

from app.commit_queue import CommitQueue
from app.domain.cards.sums import Use
from app.domain.earnings.charge_split import charge_split
from app.domain.errors import LedgerRefused, StillRunning, Unavailable
from app.domain.ledger.accounts import AMOUNT_NANOS_MAX
from app.domain.ledger.operations import Applied, Extend, Hold, Release, Settle
from app.domain.legs.legs import LegUse, Source, charge_of, cost_of
from app.domain.rows import Row
from app.domain.safety import log as safety
from app.domain.safety.log import Stopped
from app.domain.usage import idempotency, requests
from app.domain.usage.idempotency import ChatAnswer, Claim
from app.domain.usage.requests import EMPTY_ANSWER, Asked, Metered
from app.flows.callers.snapshot import Snapshot
from app.flows.callers.user import Standing
from app.flows.cards.auto_topup import AutoTopups
from app.flows.limits.limiter import Admission, Limiter
from app.keeper import Keeper

log = structlog.get_logger()

SETTLE_RETRY_SECONDS = (0.1, 0.5, 1, 2, 5)
"""Pauses between attempts to land a settlement; the last one repeats."""

Keep = Callable[[Applied], ChatAnswer]
"""Says what is kept of an answer for a retry with its key, given its settlement. Pure."""


NOTHING = Applied()
"""What the ledger has done before the hold."""
NO_TOKENS = Metered(None)
"""What is used of a request besides its legs."""


@dataclass(slots=True)
class Held:
    """One request's money. `applied` is what the ledger did with it last.

    `admission` is what the developer's limits counted; `failure` the code of what ended the request before anything
    could be charged. `legs` are those of a request that asks several models, as they stand: replaced as they end, none
    where it asks one. `stopped` is what stopped it or a part of its answer.
    """

    snapshot: Snapshot
    asked: Asked
    standing: Standing
    applied: Applied = NOTHING
    admission: Admission | None = None
    failure: str | None = None
    legs: tuple[LegUse, ...] = ()
    stopped: tuple[Stopped, ...] = ()

    @property
    def amount(self) -> int:
        """What is held now, in nanos."""
        return self.applied.amount

    @property
    def budgets(self) -> tuple[str, ...]:
        """The caps that it counts against."""
        return self.standing.budgets if self.admission is None else self.standing.budgets + self.admission.budgets


class Amounts(NamedTuple):
    """How much a request holds, in nanos: to begin with, at least, and what it may come to at most."""

    first: int
    least: int
    whole: int


class Used(NamedTuple):
    """What a request comes to, in nanos of the wallet's unit: its charge, what the provider is owed, and its tokens."""

    charge: int
    cost: int
    metered: Metered


class Holds:
    """The holds of one process; `owner` is the process whose lease keeps them alive."""

    def __init__(
        self, queue: CommitQueue, owner: str, limits: Limiter, keeper: Keeper, topups: AutoTopups | None = None
    ) -> None:
        self._queue, self.owner, self._limits, self._topups = queue, owner, limits, topups
        self.keeper, self.keep = keeper, keeper.keep

    async def take(self, held: Held, amounts: Amounts, claimed: Claim | None) -> None:
        """Holds as much as wallet and caps grant, and writes the request's row in the same commit.

        One whose answer was lost is released in the background. Raises InsufficientFunds, StaleDecision, Unavailable;
        StillRunning if another request has the key.
        """
        asked, standing, legs = held.asked, held.standing, held.legs
        hold = Hold(requests.hold_id(asked.id), asked.wallet.account, amounts.first, amounts.least, amounts.whole,
                    self.owner, asked.id, held.budgets, held.snapshot.epochs + standing.epochs)  # fmt: skip

        def beside(applied: Applied) -> list[Row]:
            row: list[Row] = [requests.begin(asked, applied, legs)]
            return row if claimed is None else [*row, idempotency.claim_chat(claimed)]

        try:
            held.applied = await self._queue.submit(hold, beside)
        except (Unavailable, asyncio.CancelledError):
            self.keep(self._repeat(lambda: self._submit_release(held), asked.id, "release"))
            raise
        except IntegrityError:
            if claimed is None:
                raise
            raise StillRunning("The first request with this Idempotency-Key is still running.") from None

    async def extend(self, held: Held, amount_nanos: int, metered_nanos: int, metered: Metered) -> None:
        """Raises a hold and checkpoints what was used so far.

        A request with a key is charged nothing by a checkpoint: were its process lost, its retry could not be
        given what had been paid for. Raises InsufficientFunds, HoldClosed, Unavailable.
        """
        if held.asked.claim_id is not None:
            metered_nanos, metered = 0, Metered(None, estimated=True)
        operation = Extend(requests.hold_id(held.asked.id), amount_nanos, metered_nanos)
        beside, legs = requests.checkpoint, _delivered(held)
        held.applied = await self._queue.submit(operation, lambda applied: [beside(held.asked, metered, applied, legs)])

    async def extend_legs(self, held: Held, amount_nanos: int = 0) -> None:
        """Raises the hold of several legs, and checkpoints what those have used that have ended. Raises as `extend`."""
        await self.extend(held, amount_nanos, charge_of(held.asked.unit, _delivered(held)), Metered(None))

    async def settle(self, held: Held, used: Used, keep: Keep | None = None, *, is_free: bool = False) -> Applied:
        """Charges what was used, once, whatever becomes of the caller; nothing if it `is_free` for this once.

        Raises Unavailable if the commit's answer did not come; the settlement is then repeated in the background
        until it lands.
        """
        asked, legs = held.asked, held.legs
        # Usage may be nonsense, and come to more than the ledger can say; it charges no more than the bound anyway.
        wanted = 0 if is_free else min(used.charge, AMOUNT_NANOS_MAX)
        split = charge_split(asked.wallet.account, asked.wallet.paywall_id, asked.terms, used.cost, asked.provider)
        operation = Settle(requests.hold_id(asked.id), wanted, split, False, asked.wallet.account, held.budgets)

        def beside(settled: Applied) -> list[Row]:
            if used.charge != wanted:
                settled = replace(settled, short=settled.short + used.charge - wanted)
            ended = requests.finish(asked, used.metered, settled, legs)
            row: list[Row] = [ended, *requests.legs_of(ended)] if legs else [ended]
            row += _log_of(held)
            if asked.claim_id is None or keep is None:
                return row
            return [*row, idempotency.keep_chat(asked.claim_id, keep(settled))]

        if held.standing.tops_up_below is None or self._topups is None:
            return await self._surely(lambda: self._queue.submit(operation, beside), held, "settle")
        return await self._surely(lambda: self._looked(held, self._queue.submit(operation, beside)), held, "settle")

    async def settle_legs(
        self, held: Held, metered: Metered = NO_TOKENS, keep: Keep | None = None, *, is_free: bool = False
    ) -> Applied:
        """Charges what the legs of a request used, together and once, as `settle`; releases the hold where none did.

        `metered` says what else is known of how it ended.
        """
        if all(leg.tokens is None for leg in held.legs):
            held.failure = held.failure or EMPTY_ANSWER
            return await self.release(held)
        cost = cost_of(held.legs) if held.asked.terms else 0
        return await self.settle(
            held, Used(charge_of(held.asked.unit, held.legs), cost, metered), keep, is_free=is_free
        )

    async def _looked(self, held: Held, settling: Awaitable[Applied]) -> Applied:
        """Lets a wallet be looked at that fills itself, where a settlement has left it too little."""
        settled, below = await settling, held.standing.tops_up_below
        if self._topups is not None and below is not None and settled.balance < below:
            self._topups.settled(held.asked.wallet.id, Use(held.snapshot.paywall_id, held.asked.wallet.user))
        return settled

    async def release(self, held: Held) -> Applied:
        """Gives a hold back whole, whatever becomes of the caller. Raises Unavailable as settle does."""
        return await self._surely(lambda: self._submit_release(held), held, "release")

    async def forgo(self, held: Held) -> None:
        """Counts a request nowhere that the limits let through and that was not held after all."""
        if held.admission is not None:
            await asyncio.wait((self.keep(self._limits.forgo(held.admission)),))

    def _submit_release(self, held: Held) -> Awaitable[Applied]:
        asked, legs = held.asked, held.legs

        def beside(_released: Applied) -> list[Row]:
            ended = requests.let_go(asked.id, held.failure, legs, is_told=asked.is_told)
            row: list[Row] = [ended, *requests.legs_of(ended)] if legs else [ended]
            row += _log_of(held)
            return row if asked.claim_id is None else [*row, idempotency.give_up_chat(asked.claim_id)]

        # What legs used although nobody pays for it, their providers are owed all the same.
        lost = cost_of(legs) if asked.terms else 0
        split = charge_split(asked.wallet.account, asked.wallet.paywall_id, asked.terms, lost, asked.provider)
        release = Release(requests.hold_id(asked.id), asked.wallet.account, held.budgets, split if lost else None)
        return self._queue.submit(release, beside)

    async def _surely(self, submit: Callable[[], Awaitable[Applied]], held: Held, step: str) -> Applied:
        """Waits for a commit; if it fails for now, or the caller is cancelled, it is seen to in the background.

        What the developer's limits counted is given back meanwhile, before the caller can ask for more.
        """
        ending = None if held.admission is None else await self._limits.end(held.admission, self.keep)
        try:
            return await submit()
        except (Unavailable, asyncio.CancelledError):
            self.keep(self._repeat(submit, held.asked.id, step))
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


def _delivered(held: Held) -> tuple[LegUse, ...]:
    """Returns legs as they would be charged were their process lost now: what is given whole has not been given."""
    if held.asked.streamed:
        return held.legs
    return tuple(leg if leg.source is Source.OWN else replace(leg, tokens=None, unpaid=None) for leg in held.legs)


def _log_of(held: Held) -> list[Row]:
    """Returns the lines of the safety log that end with a request."""
    asked = held.asked
    return [safety.row_of(one, asked.id, asked.wallet.paywall_id, asked.wallet.id, asked.model) for one in held.stopped]
