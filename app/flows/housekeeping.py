"""Housekeeping: ends the holds whose process is gone, and folds what has collected beside the accounts."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.commit_queue import CommitQueue
from app.domain.errors import HoldClosed
from app.domain.leases import leases
from app.domain.ledger.accounts import Account, parse
from app.domain.ledger.folding import fold_deltas
from app.domain.ledger.operations import Applied, Release, Settle
from app.domain.ledger.tables import LedgerHold
from app.domain.rows import Row
from app.domain.tables import table_of
from app.domain.usage import requests
from app.domain.usage.idempotency import forget_chats, give_up_chat
from app.domain.usage.requests import TABLE as REQUESTS
from app.flows.charge_split import charge_split, terms_of

log = structlog.get_logger()

BATCH = 500


async def reap_holds(queue: CommitQueue) -> int:
    """Ends the open holds of processes whose lease has ended, and returns how many.

    Each expires, charged what its last checkpoint metered: nothing, if nothing was delivered. That of a chat
    with a key is released for good, and its key freed, so that the retry runs and is the only one charged.
    """
    reaped = 0
    # All of them now: what waited for the next run would be held for longer than was promised.
    while lost := await db.in_transaction(_lost_holds):
        await asyncio.gather(*(_expire(queue, hold) for hold in lost))
        reaped += len(lost)
    if reaped:
        log.info("housekeeping", step="reap_holds", holds=reaped)
    return reaped


def count_open_holds(session: Session) -> int:
    """Returns how many holds are open, of all processes."""
    holds = table_of(LedgerHold)
    return session.scalar(select(func.count()).where(holds.c.status == "open")) or 0


async def forget_answers() -> int:
    """Forgets the kept answers of chats that are too old to be given again, and returns how many it changed."""
    return await db.in_transaction(forget_chats, writes=True)


async def fold() -> int:
    """Folds all deltas that have collected, a bounded number per transaction, and returns how many."""
    folded = 0
    while step := await db.in_transaction(fold_deltas, writes=True):
        folded += step
    return folded


@dataclass(frozen=True, slots=True)
class _LostHold:
    id: str
    request_id: str
    claim_id: str | None
    metered: int
    arithmetic: Mapping[str, Any] | None
    wallet: Account
    paywall_id: str
    provider: str | None
    is_told: bool


def _lost_holds(session: Session) -> list[_LostHold]:
    """Returns the open holds that no living process answers for, some of them at a time."""
    holds = table_of(LedgerHold)
    statement = (
        select(holds.c.id, holds.c.account_id, holds.c.metered, holds.c.request_id, REQUESTS.c.paywall_id,
               REQUESTS.c.provider, REQUESTS.c.receipt, REQUESTS.c.claim_id, REQUESTS.c.events_due)
        .join(REQUESTS, REQUESTS.c.id == holds.c.request_id)
        .where(holds.c.status == "open", holds.c.owner.not_in(leases.living_processes(session)))
        .limit(BATCH)
    )  # fmt: skip
    return [
        _LostHold(row.id, row.request_id, row.claim_id, row.metered, row.receipt, parse(row.account_id), row.paywall_id,
                  row.provider, row.events_due is not None)
        for row in session.execute(statement)
    ]  # fmt: skip


async def _expire(queue: CommitQueue, hold: _LostHold) -> None:
    try:
        if hold.claim_id is not None:
            let_go = requests.let_go(hold.request_id, requests.INTERRUPTED, is_told=hold.is_told)
            given_up: list[Row] = [let_go, give_up_chat(hold.claim_id)]
            await queue.commit(Release(hold.id), lambda _released: given_up)
            return
        terms, cost = terms_of(hold.wallet.unit, hold.provider), requests.checkpoint_cost(hold.arithmetic)
        split = charge_split(hold.wallet, hold.paywall_id, terms, cost, hold.provider)

        def beside(charged: Applied) -> list[Row]:
            return [requests.interrupt(hold.request_id, hold.arithmetic, charged, terms, is_told=hold.is_told)]

        await queue.commit(Settle(hold.id, hold.metered, split, expires=True), beside)
    except HoldClosed as closed:
        log.info("housekeeping", step="reap_holds", hold=hold.id, reason=closed.message)
