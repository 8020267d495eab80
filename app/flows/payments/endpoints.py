"""Our webhook endpoint at a connection's account: made where this instance can be reached, and one at a time."""

from dataclasses import dataclass

import structlog

from app import db
from app.domain.inbox import access
from app.domain.inbox.connections import Connection
from app.domain.inbox.tables import EndpointStatus
from app.ports.accounts import Accounts, Probed, RailAccount
from app.ports.seal import Sealer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Makes endpoints. `site` is where this instance is; only an https address of it can be sent to.

    `is_beside` says that the rail is emulated on this very machine, and sends to any address.
    """

    accounts: Accounts
    box: Sealer
    site: str
    is_beside: bool = False

    def address(self, connection_id: str) -> str:
        """Returns where the events of a connection are sent."""
        return f"{self.site}/stripe/webhook/{connection_id}"

    async def make(self, connection: Connection) -> str | None:
        """Makes a connection's endpoint, the first or another in place of the one that is there; returns its id.

        The new one is there before the old one goes, and what the old one signed is accepted for a day more, so that no
        event is lost. None, and nothing made, where this instance has no https address. Raises as a RailAccount.
        """
        if not self.site.startswith(("https://", "http://") if self.is_beside else "https://"):
            return None
        account, url = self.accounts.reach(connection), self.address(connection.id)
        made = await account.create_endpoint(url)
        sealed = self.box.seal(made.secret, access.secret_context(connection.id, made.id))
        await db.in_transaction(
            lambda session: access.keep_endpoint(session, connection.id, made.id, sealed), writes=True
        )
        await account.delete_endpoints(url, but=made.id)
        log.info("endpoint", connection=connection.id, endpoint=made.id, step="made")
        return made.id


async def is_same_account(account: RailAccount, probed: Probed, before: Connection, endpoint_id: str | None) -> bool:
    """Tells whether a key that was tried is of the account that a connection has.

    Known by the account's name where both are known, else by whether it can read the endpoint of the connection; where
    neither can be said it is another account, with which nothing of the first is ever used.
    """
    if probed.account is not None and before.account is not None:
        return probed.account == before.account
    return endpoint_id is not None and await account.read_endpoint(endpoint_id) is not EndpointStatus.MISSING
