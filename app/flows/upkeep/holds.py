"""Housekeeping: ends the holds whose process is gone, and folds what has collected beside the accounts."""

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm import Session

from app import db
from app.commit_queue import CommitQueue
from app.domain.earnings.charge_split import charge_split, terms_of
from app.domain.errors import HoldClosed
from app.domain.leases import leases
from app.domain.ledger.accounts import parse
from app.domain.ledger.folding import fold_deltas
from app.domain.ledger.operations import Applied, Release, Settle
from app.domain.ledger.tables import HoldStatus, LedgerHold
from app.domain.legs import stops
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.tables import PaywallRow
from app.domain.rows import Row
from app.domain.usage import requests
from app.domain.usage.idempotency import forget_chats, give_up_chat
from app.domain.usage.requests import TABLE as REQUESTS
from app.each_alone import Failed, alone
from app.sql.columns import Words, table_of

log = structlog.get_logger()

BATCH = 500


async def reap_holds(queue: CommitQueue, fee_basis_points: int) -> int:
    """Ends the open holds of processes whose lease has ended, and returns how many.

    Each expires, charged what its last checkpoint metered: nothing, if nothing was delivered. That of a chat
    with a key is released for good, and its key freed, so that the retry runs and is the only one charged.
    """
    reaped = 0
    failed: set[str] = set()
    # All of them now: what waited for the next run would be held for longer than was promised. One that cannot be
    # ended is left to the next run, so that it is not looked at for ever and delays no other.
    while lost := await db.in_transaction(partial(_lost_holds, but=failed)):
        expire = partial(_expire, queue, fee_basis_points)
        ended = await asyncio.gather(*(alone("housekeeping", hold.id, partial(expire, hold)) for hold in lost))
        failed |= {hold.id for hold, end in zip(lost, ended, strict=True) if isinstance(end, Failed)}
        reaped += sum(not isinstance(end, Failed) for end in ended)
    if reaped:
        log.info("housekeeping", step="reap_holds", holds=reaped)
    return reaped


def count_open_holds(session: Session) -> int:
    """Returns how many holds are open, of all processes."""
    holds = table_of(LedgerHold)
    return session.scalar(select(func.count()).where(holds.c.status == HoldStatus.OPEN)) or 0


async def forget_answers() -> int:
    """Forgets the kept answers of chats that are too old to be given again, and stops that no process has taken;
    returns how many it changed.
    """
    return await db.in_transaction(lambda session: forget_chats(session) + stops.forget(session), writes=True)


async def fold() -> int:
    """Folds all deltas that have collected, a bounded number per transaction, and returns how many."""
    folded = 0
    while step := await db.in_transaction(fold_deltas, writes=True):
        folded += step
    return folded


@dataclass(frozen=True, slots=True)
class _LostHold:
    """A hold as it is stored: what cannot be understood of one must not be met while all are read."""

    id: str
    request_id: str
    claim_id: str | None
    metered: int
    arithmetic_json: str | None
    account_id: str
    paywall_id: str
    mode: Mode
    provider: str | None
    is_told: bool


def _lost_holds(session: Session, but: Collection[str] = ()) -> list[_LostHold]:
    """Returns the open holds that no living process answers for, `but` those, some of them at a time."""
    holds, paywalls = table_of(LedgerHold), table_of(PaywallRow)
    arithmetic = type_coerce(REQUESTS.c.receipt, Words()).label("receipt")
    statement = (
        select(holds.c.id, holds.c.account_id, holds.c.metered, holds.c.request_id, REQUESTS.c.paywall_id,
               paywalls.c.mode, REQUESTS.c.provider, arithmetic, REQUESTS.c.claim_id, REQUESTS.c.events_due)
        .join(REQUESTS, REQUESTS.c.id == holds.c.request_id)
        .join(paywalls, paywalls.c.id == REQUESTS.c.paywall_id)
        .where(holds.c.status == HoldStatus.OPEN, holds.c.owner.not_in(leases.living_processes(session)),
               holds.c.id.not_in(but))
        .limit(BATCH)
    )  # fmt: skip
    return [
        _LostHold(row.id, row.request_id, row.claim_id, row.metered, row.receipt, row.account_id, row.paywall_id,
                  Mode(row.mode), row.provider, row.events_due is not None)
        for row in session.execute(statement)
    ]  # fmt: skip


async def _expire(queue: CommitQueue, fee_basis_points: int, hold: _LostHold) -> None:
    try:
        if hold.claim_id is not None:
            let_go = requests.let_go(hold.request_id, requests.INTERRUPTED, is_told=hold.is_told)
            given_up: list[Row] = [let_go, give_up_chat(hold.claim_id)]
            await queue.commit(Release(hold.id), lambda _released: given_up)
            return
        wallet = parse(hold.account_id)
        arithmetic = None if hold.arithmetic_json is None else json.loads(hold.arithmetic_json)
        terms = terms_of(hold.mode, hold.provider, fee_basis_points)
        cost = requests.checkpoint_cost(arithmetic)
        split = charge_split(wallet, hold.paywall_id, terms, cost, hold.provider)

        def beside(charged: Applied) -> list[Row]:
            ended = requests.interrupt(hold.request_id, arithmetic, charged, is_told=hold.is_told)
            return [ended, *requests.legs_of(ended)]

        await queue.commit(Settle(hold.id, hold.metered, split, expires=True), beside)
    except HoldClosed as closed:
        log.info("housekeeping", step="reap_holds", hold=hold.id, reason=closed.message)
