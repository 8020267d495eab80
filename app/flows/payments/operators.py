"""The operator's own connections, live and test: made, and kept as the environment says, by a job.

A key that is replaced by one of the same account is a rotation; one of another account is another connection. Without a
key nothing new is begun there, and what is open still ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import BadField, Refused
from app.domain.inbox import access, connections, health
from app.domain.inbox.connections import Connection
from app.domain.money import Environment
from app.each_alone import Failed, each_alone
from app.flows.events.mails import Desk
from app.flows.payments.connect import Before, PermissionsMissing, TriedKey, keep_key, try_key
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.received import STRIPE
from app.ports.accounts import Accounts
from app.ports.seal import Sealer

log = structlog.get_logger()


class KeyUnfit(Refused):
    """The operator's key cannot be used; the message says why, and names no key."""

    code = "key_unfit"


async def has_connections() -> bool:
    """Tells whether the operator has a connection that takes payments; needs nothing of any rail."""

    def find(session: Session) -> bool:
        return any(access.find_open(session, STRIPE, environment, None) for environment in Environment)

    return await db.in_transaction(find)


@dataclass(frozen=True, slots=True)
class OperatorConnections:
    """Keeps the operator's connections; `keys` are as the operator set them, "" for none."""

    accounts: Accounts
    box: Sealer
    endpoints: Endpoints
    desk: Desk
    keys: Mapping[Environment, str]
    _told: set[str] = field(default_factory=set)

    async def keep(self) -> int:
        """Makes each connection what the operator's keys say; returns how many were made or changed.

        A key that cannot be used is told to the operators, once in this process for each reason.
        """
        came = await each_alone(
            "operator_connection", self.keys.items(), lambda one: self._keep(*one), lambda one: one[0]
        )
        for (environment, _), outcome in came:
            if isinstance(outcome, Failed) and isinstance(outcome.error, Refused):
                await self._tell(environment, outcome.error.message)
        return sum(outcome for _, outcome in came if not isinstance(outcome, Failed))

    async def _keep(self, environment: Environment, key: str) -> bool:
        before = await db.in_transaction(lambda session: access.find_open(session, STRIPE, environment, None))
        if not key:
            return before is not None and await db.in_transaction(
                lambda session: access.disconnect(session, before.id), writes=True
            )
        if before is not None and before.key_sealed is not None:
            if self.box.open(before.key_sealed, before.seal_context) == key:
                return await self._mend(before)
        return await self._take(environment, key, before)

    async def _mend(self, connection: Connection) -> bool:
        """Makes the endpoint of a connection that has none, as after the address of this instance became public."""
        fares = await db.in_transaction(lambda session: health.read_health(session, connection.id))
        return fares.endpoint_status is None and await self.endpoints.make(connection) is not None

    async def _take(self, environment: Environment, key: str, before: Connection | None) -> bool:
        tried = await self._try(environment, key)
        is_same = tried.same_as is not None

        def keep_it(session: Session) -> Connection:
            if before is not None and before.id != tried.same_as:
                access.disconnect(session, before.id)
            kept = tried.same_as or (connections.open_connection(session, STRIPE, environment, None, tried.account).id)
            keep_key(session, self.box, kept, tried)
            return connections.read_connection(session, kept)

        connection = await db.in_transaction(keep_it, writes=True)
        log.info("operator_connection", connection=connection.id, environment=environment.value,
                 step="rotated" if is_same else "connected")  # fmt: skip
        await self.endpoints.make(connection)
        return True

    async def _try(self, environment: Environment, key: str) -> TriedKey:
        """Tries a key as any account's is tried. Raises KeyUnfit, in words for the operators' mail.

        An account that was connected before is the same again, with the cards that people have saved there.
        """
        known = await db.in_transaction(partial(_known, environment=environment))
        try:
            tried = await try_key(self.accounts, environment, key, known)
        except PermissionsMissing as missing:
            names = ", ".join(missing.names)
            said = f"The {environment.value} key lacks permissions at Stripe. Tick these on its page: {names}."
            raise KeyUnfit(said) from None
        except BadField as unfit:
            raise KeyUnfit(unfit.message) from None
        if tried.settles_usd is False:
            raise KeyUnfit("The account's balance is not in US dollars, which the operator's own account must have.")
        return tried

    async def _tell(self, environment: Environment, why: str) -> None:
        said = f"{environment.value}: {why}"
        if said not in self._told:
            self._told.add(said)
            await self.desk.alert(f"The Stripe key of this instance ({environment.value}) cannot be used", why)


def _known(session: Session, environment: Environment) -> Sequence[Before]:
    """Returns the accounts that the operator was ever connected with, the newest first."""
    found = access.list_of_operator(session, STRIPE, environment)
    return [Before(one, access.read_endpoint_id(session, one.id)) for one in found]
