"""All ways out, looked at by one process at a time: as soon as something is under way, and now and then anyhow."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.payouts import batches, desk
from app.each_alone import Failed, each_alone
from app.flows.settlement.payouts import ChainPayouts
from app.ports.payments import PayoutRail

IDLE_SECONDS = 30
"""How often a chain is read on which nothing is under way: within a minute whatever is foreign must be noticed."""


async def has_due(rails: Sequence[ChainPayouts]) -> bool:
    """Tells whether a chain is to be looked at now."""
    ids = [rail.chain.rules.id for rail in rails]

    def find(session: Session) -> bool:
        return any(batches.has_open(session, id_) or _is_old(session, id_) for id_ in ids)

    return bool(ids) and await db.in_transaction(find)


def _is_old(session: Session, chain_id: int) -> bool:
    known = desk.find_desk(session, chain_id)
    return known is None or known.read_at < clock.now() - IDLE_SECONDS * clock.SECOND


async def go_on_all(rails: Sequence[PayoutRail]) -> int:
    """Lets every rail go on, whatever becomes of the others; returns how many payouts were decided.

    Raises the first error, when all have had their turn.
    """
    done = await each_alone("payouts", rails, lambda rail: rail.go_on(), lambda rail: rail.name)
    for _, outcome in done:
        if isinstance(outcome, Failed):
            raise outcome.error
    return sum(outcome for _, outcome in done if not isinstance(outcome, Failed))
