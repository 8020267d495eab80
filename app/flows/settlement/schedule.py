"""Payouts that nobody has to ask for: at their time, of each paywall that has enough, to its owner's address."""

from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.earnings.earnings import read_earnings
from app.domain.errors import CoinslotError
from app.domain.money import Environment
from app.domain.payouts import schedules
from app.domain.payouts.rules import PayoutRules, units_of
from app.domain.payouts.schedules import ScheduleView
from app.domain.payouts.tables import Every
from app.domain.paywalls.members import manager_of_account
from app.domain.paywalls.names import list_of_account
from app.domain.people.sessions import Person
from app.each_alone import each_alone
from app.flows.settlement.requesting import Wanted, request_payout

log = structlog.get_logger()

PAYWALLS_MAX = 1_000
ChainOf = Callable[[Environment], int]
"""Says by which chain an environment's payouts go. Raises Refused where there is none."""


async def set_schedule(
    rules: PayoutRules, person: Person, environment: Environment, every: Every | None, least_units: int
) -> None:
    """Has a person's payouts requested by themselves, or by hand alone for None. Raises BadField for too little."""

    def write(session: Session) -> None:
        schedules.set_schedule(session, rules, person.account_id, environment, every, least_units)

    await db.in_transaction(write, writes=True)


async def has_due() -> bool:
    """Tells whether somebody's payouts are to be requested now."""
    return await db.in_transaction(lambda session: schedules.has_due(session, clock.now()))


async def request_due(rules: PayoutRules, chain_of: ChainOf) -> int:
    """Requests the payouts whose time has come; returns how many schedules were looked at."""
    due = await db.in_transaction(lambda session: schedules.list_due(session, clock.now()))
    await each_alone("payout_schedule", due, partial(_request, rules, chain_of), lambda one: one.id)
    return len(due)


async def _request(rules: PayoutRules, chain_of: ChainOf, due: ScheduleView) -> None:
    """Requests what one person's paywalls have; one that cannot be requested, such as without address, is left."""
    chain_id = chain_of(due.environment)
    for paywall_id in await db.in_transaction(partial(_with_enough, due=due)):
        wanted = Wanted(due.environment, chain_id, f"schedule:{due.next_at}")
        manager = await db.in_transaction(partial(manager_of_account, account_id=due.account_id, paywall_id=paywall_id))
        try:
            await request_payout(rules, manager, wanted)
        except CoinslotError as refused:
            if refused.is_transient:
                raise
            log.warning("payout_schedule", paywall=paywall_id, step="refused", said=refused.message)
    await db.in_transaction(lambda session: schedules.note_done(session, due), writes=True)


def _with_enough(session: Session, due: ScheduleView) -> list[str]:
    own = (one.paywall for one in list_of_account(session, due.account_id, PAYWALLS_MAX))
    here = [one for one in own if one.rules.is_split and one.environment is due.environment]
    found = ((one.id, read_earnings(session, one.environment, one.id)) for one in here)
    return [id_ for id_, stand in found if units_of(stand.available_nanos - stand.owed_nanos) >= due.least_units]
