"""Whether what we made at rails still works: our endpoints send, our keys are accepted. Their owners are told once."""

from dataclasses import dataclass
from functools import partial

import structlog

from app import db
from app.domain.inbox import access, health
from app.domain.inbox.connections import Connection
from app.domain.inbox.tables import EndpointStatus
from app.each_alone import Failed, each_alone
from app.flows.events.mails import Desk
from app.flows.payments.heard import Ear
from app.flows.payments.owners import tell_owner, telling_refusals
from app.flows.payments.received import STRIPE
from app.ports.accounts import Accounts

log = structlog.get_logger()

_SAID = {
    EndpointStatus.DISABLED: "Stripe has disabled our webhook endpoint on your account, as it does with one that could"
    " not be reached for days.",
    EndpointStatus.MISSING: "Our webhook endpoint on your account was deleted.",
}
_GOES_ON = (
    " Nothing is lost: payments are read from Stripe's list of events every five minutes. Connect the account anew, or"
    " enable the endpoint in Stripe's dashboard, and payments are credited at once again."
)


async def has_endpoints() -> bool:
    """Tells whether there is anything to look at; needs nothing of any rail."""
    return bool(await db.in_transaction(partial(access.list_endpoints, rail=STRIPE)))


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks after the connections of a rail."""

    accounts: Accounts
    ear: Ear
    desk: Desk

    async def check_all(self) -> int:
        """Looks at the endpoint of each connection that has one; returns how many could be looked at."""
        found = await db.in_transaction(partial(access.list_endpoints, rail=STRIPE))
        came = await each_alone("endpoint_health", found, lambda one: self._check(*one), lambda one: one[0].id)
        return sum(not isinstance(outcome, Failed) for _, outcome in came)

    async def _check(self, connection: Connection, endpoint_id: str) -> None:
        async with telling_refusals(self.desk, connection):
            status = await self.accounts.reach(connection).read_endpoint(endpoint_id)
        note = partial(health.note_checked, connection_id=connection.id, status=status)
        if await db.in_transaction(note, writes=True):
            log.error("endpoint_health", connection=connection.id, step=status)
            await tell_owner(self.desk, connection, "Stripe does not send us its events", _SAID[status] + _GOES_ON)
            await self.ear.read_list(connection.id)
