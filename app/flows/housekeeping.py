"""Housekeeping: ends the holds whose process is gone, and folds what has collected beside the accounts."""

import asyncio
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import db
from app.commit_queue import CommitQueue
from app.domain.errors import HoldClosed
from app.domain.leases import leases
from app.domain.ledger.accounts import parse
from app.domain.ledger.folding import fold_deltas
from app.domain.ledger.operations import Settle
from app.domain.ledger.tables import LedgerHold
from app.domain.tables import table_of
from app.domain.usage import requests
from app.domain.usage.requests import TABLE as REQUESTS
from app.domain.wallets.wallets import AppWallet, app_wallet
from app.flows.chat import revenue_split

log = structlog.get_logger()

BATCH = 500


async def reap_holds(queue: CommitQueue) -> int:
    """Expires the open holds of processes whose lease has ended, and returns how many.

    Each is charged what its last checkpoint metered: nothing, if nothing was delivered.
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
    metered: int
    wallet: AppWallet


def _lost_holds(session: Session) -> list[_LostHold]:
    """Returns the open holds that no living process answers for, some of them at a time."""
    holds = table_of(LedgerHold)
    statement = (
        select(holds.c.id, holds.c.account_id, holds.c.metered, holds.c.request_id, REQUESTS.c.paywall_id,
               REQUESTS.c.external_id)
        .join(REQUESTS, REQUESTS.c.id == holds.c.request_id)
        .where(holds.c.status == "open", holds.c.owner.not_in(leases.living_processes(session)))
        .limit(BATCH)
    )  # fmt: skip
    lost = []
    for row in session.execute(statement):
        account = parse(row.account_id)
        wallet = app_wallet(row.paywall_id, row.external_id, account.environment, account.unit)
        lost.append(_LostHold(row.id, row.request_id, row.metered, wallet))
    return lost


async def _expire(queue: CommitQueue, hold: _LostHold) -> None:
    operation = Settle(hold.id, hold.metered, revenue_split(hold.wallet), expires=True)
    try:
        await queue.commit(operation, lambda charged: [requests.interrupt(hold.request_id, charged)])
    except HoldClosed as closed:
        log.info("housekeeping", step="reap_holds", hold=hold.id, reason=closed.message)
