"""Stripe in this process: one client for all of its connections, made when the first of them is reached."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from app import settings
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import Environment
from app.flows.disputes.desk import DisputeDesk
from app.flows.disputes.takebacks import TakebackTaker
from app.flows.events.mails import Desk
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.heard import Ear
from app.flows.payments.operators import OperatorConnections
from app.flows.payments.received import ObjectTaker, PaymentDoor
from app.flows.payments.refund import Refunds
from app.flows.payments.watch import Watch
from app.flows.reconciling.movements import Bookkeeper
from app.keeper import Keeper
from app.ports.accounts import Accounts, Connection
from app.ports.cards import CardRail
from app.ports.payments import PaymentRail
from app.ports.seal import Sealer
from app.ports.takebacks import Takebacks
from app.settings import Settings

if TYPE_CHECKING:
    from app.adapters.payments.stripe_client import StripeClients


@dataclass(frozen=True, slots=True)
class Around:
    """What Stripe's part of a process needs of the others. `site` is where this instance is, for payers who come back;
    `processes` tells how many share the accounts, `door` is where payments go."""

    settings: Settings
    site: str
    box: Sealer
    desk: Desk
    keeper: Keeper
    processes: Callable[[], int]
    door: Callable[[], PaymentDoor]


class Stripe:
    """Reaches Stripe as any connection. The SDK takes half a second to load, and few processes ever need it."""

    def __init__(self, around: Around) -> None:
        self._around = around

    @cached_property
    def _clients(self) -> "StripeClients":
        from app.adapters.payments.stripe_client import StripeClients

        return StripeClients(self._around.settings.stripe_api_base or None, self._around.processes)

    @cached_property
    def accounts(self) -> Accounts:
        """What a connection needs beside payments."""
        from app.adapters.payments.stripe_account import StripeAccounts

        return StripeAccounts(self._clients, self._around.box)

    def rail(self, connection: Connection) -> PaymentRail:
        """Returns the rail as a connection reaches it. Raises Unavailable for one whose key was deleted."""
        from app.adapters.payments.stripe import StripeRail
        from app.adapters.payments.stripe_account import open_account

        return StripeRail(connection.id, open_account(self._clients, self._around.box, connection), self._around.site)

    def takers(self, refunds: Refunds, disputes: DisputeDesk) -> Mapping[ObjectKind, ObjectTaker]:
        """Returns who acts on what is taken back; the sandbox tells of nothing such."""
        taker = TakebackTaker(readers=self, refunds=refunds, disputes=disputes,
                              warning_cents_max=lambda: settings.get().automatic_refund_cents_max)  # fmt: skip
        return dict.fromkeys((ObjectKind.REFUND, ObjectKind.DISPUTE, ObjectKind.WARNING), taker)

    def reach(self, connection: Connection) -> Takebacks:
        """Returns what reads what was taken back at a connection. Raises Unavailable for one whose key was deleted."""
        from app.adapters.payments.stripe_account import open_account
        from app.adapters.payments.stripe_takebacks import StripeTakebacks

        return StripeTakebacks(open_account(self._clients, self._around.box, connection))

    def cards(self, connection: Connection) -> CardRail:
        """Returns the saved cards of a connection. Raises Unavailable for one whose key was deleted."""
        from app.adapters.payments.stripe_account import open_account
        from app.adapters.payments.stripe_cards import StripeCardRail

        account = open_account(self._clients, self._around.box, connection)
        return StripeCardRail(connection.id, account, self._around.site)

    @cached_property
    def ear(self) -> Ear:
        """Hears its events, delivered and listed."""
        return Ear(self.accounts, self._around.box, self._around.door(), self._around.keeper)

    @cached_property
    def watch(self) -> Watch:
        """Looks after our endpoints there."""
        return Watch(self.accounts, self.ear, self._around.desk)

    @cached_property
    def endpoints(self) -> Endpoints:
        """Makes them, where the operator has said at which address this instance is."""
        chosen = self._around.settings
        return Endpoints(self.accounts, self._around.box, chosen.public_url, is_beside=bool(chosen.stripe_api_base))

    @cached_property
    def operator_connections(self) -> OperatorConnections:
        """The operator's own accounts."""
        chosen = self._around.settings
        keys = {
            Environment.LIVE: chosen.stripe_key.get_secret_value(),
            Environment.SANDBOX: chosen.stripe_test_key.get_secret_value(),
        }
        return OperatorConnections(self.accounts, self._around.box, self.endpoints, self._around.desk, keys)

    @cached_property
    def bookkeeper(self) -> Bookkeeper:
        """Reads what Stripe does with the money of its accounts."""
        from app.adapters.payments.stripe_account import open_account
        from app.adapters.payments.stripe_movements import StripeMovementLists

        lists = StripeMovementLists(lambda connection: open_account(self._clients, self._around.box, connection))
        return Bookkeeper(lists)

    async def close(self) -> None:
        """Closes all connections."""
        if "_clients" in vars(self):
            await self._clients.close()
