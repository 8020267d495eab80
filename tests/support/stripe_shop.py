"""Our own side of Stripe for tests: a rail and an account at an emulated shop, as the product reaches them."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from stripe import WebhookSignature

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.stripe import StripeRail
from app.adapters.payments.stripe_account import StripeAccounts, StripeRailAccount, open_account
from app.adapters.payments.stripe_client import StripeClients
from app.adapters.payments.stripe_takebacks import StripeTakebacks
from app.adapters.secret_box import SecretBox
from app.domain import clock
from app.domain.inbox import access
from app.domain.inbox.connections import Connection, open_connection, read_connection
from app.domain.inbox.inbox import ObjectKind
from app.domain.money import Environment
from app.flows.disputes.desk import DisputeDesk
from app.flows.disputes.takebacks import TakebackTaker
from app.flows.events.mails import Desk
from app.flows.payments.heard import Ear
from app.flows.payments.received import ObjectTaker, PaymentDoor
from app.flows.payments.refund import Refunds
from app.flows.payments.watch import Watch
from app.keeper import Keeper
from app.ports.payments import Marks, Order
from app.wiring.adapters import RailsByConnection
from tests.support.stripe_bank import StripeShop

SITE = "https://coinslot.example"
BOX = SecretBox([b"a secret of tests"])
MINUTES = 31


@dataclass(frozen=True)
class Reached:
    """An account at the emulator, reached as the product does, with our restricted key."""

    shop: StripeShop
    clients: StripeClients
    rail: StripeRail
    account: StripeRailAccount
    accounts: StripeAccounts


@asynccontextmanager
async def reaching(shop: StripeShop, connection_id: str = "con_1", key: str = "rk_test") -> AsyncIterator[Reached]:
    """Reaches an account until the block ends; `key` is one of the shop's, or a key itself."""
    clients, chosen = StripeClients(shop.bank.url), shop.keys.get(key, key)
    accounts = StripeAccounts(clients, BOX)
    rail = StripeRail(connection_id, clients.reach(chosen, connection_id), SITE)
    try:
        yield Reached(shop, clients, rail, accounts.try_key(chosen, connection_id), accounts)
    finally:
        await clients.close()


def marks(cents: int = 1_000, topup_id: str | None = None, instance: str = "1" * 32) -> Marks:
    """Returns marks of a top-up that only the payment knows."""
    return Marks(instance, topup_id or f"top_{secrets.token_hex(8)}", "sandbox:USD:wallet:wal_1", cents, cents * 10**7)


def order(of: Marks | None = None, **changed: Any) -> Order:
    """Returns an order of a checkout as the product gives one."""
    ends = clock.now() + MINUTES * 60 * clock.SECOND
    return replace(Order(of or marks(), "USD", "Lexica", "/topup/t/?topup=top_1", ends, "Top up your Lexica wallet"),
                   **changed)  # fmt: skip


@dataclass(frozen=True)
class Readers:
    """Reads what was taken back at connections, as the product does."""

    clients: StripeClients

    def reach(self, connection: Connection) -> StripeTakebacks:
        return StripeTakebacks(open_account(self.clients, BOX, connection))


def ears(
    shop: StripeShop, *, mailer: KeptMailer | None = None, operators: frozenset[str] = frozenset(),
    warning_cents_max: int | None = None,
) -> "Ears":  # fmt: skip
    """Returns a process that hears one shop's events; `operators` are told what is wrong.

    With `warning_cents_max`, what is given back for a warning alone, it hears of refunds and disputes too.
    """
    clients = StripeClients(shop.bank.url)
    accounts = StripeAccounts(clients, BOX)
    rails = RailsByConnection(stripe=lambda of: StripeRail(of.id, open_account(clients, BOX, of), SITE))
    desk, keeper = Desk(mailer or KeptMailer(clock.now), operators), Keeper()
    refunds, takers = Refunds(rails, desk), dict[ObjectKind, ObjectTaker]()
    if warning_cents_max is not None:
        taker = TakebackTaker(Readers(clients), refunds, DisputeDesk(desk), partial(int, warning_cents_max))
        takers = dict.fromkeys((ObjectKind.REFUND, ObjectKind.DISPUTE, ObjectKind.WARNING), taker)
    door = PaymentDoor(rails, refunds, desk, takers)
    ear = Ear(accounts, BOX, door, keeper)
    return Ears(clients, accounts, rails, door, ear, Watch(accounts, ear, desk), keeper)


@dataclass(frozen=True)
class Ears:
    """What hears events in a process, and what it needs."""

    clients: StripeClients
    accounts: StripeAccounts
    rails: RailsByConnection
    door: PaymentDoor
    ear: Ear
    watch: Watch
    keeper: Keeper

    async def close(self) -> None:
        await self.keeper.drain(10)
        await self.clients.close()


def connect(shop: StripeShop, paywall_id: str | None = None, *, live: bool = False, key: str = "") -> Connection:
    """Keeps a connection to an account, as connecting it does, without an endpoint."""
    environment = Environment.LIVE if live else Environment.SANDBOX
    with db.transaction() as session:
        made = open_connection(session, "stripe", environment, paywall_id)
        sealed = BOX.seal(key or shop.keys["rk_live" if live else "rk_test"], made.seal_context)
        access.keep_key(session, made.id, sealed, account=shop.id, settles_usd=True)
        return read_connection(session, made.id)


def keep_secret(connection_id: str, secret: str, endpoint_id: str = "we_1") -> None:
    """Keeps what an endpoint signs with."""
    sealed = BOX.seal(secret, access.secret_context(connection_id, endpoint_id))
    with db.transaction() as session:
        access.keep_endpoint(session, connection_id, endpoint_id, sealed)


def signed(event: object, secret: str, at: int | None = None) -> tuple[bytes, str]:
    """Returns a body and its signature, as Stripe sends them."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    seconds = clock.now() // clock.SECOND if at is None else at
    return body, WebhookSignature.generate_signature_header(body.decode(), secret, seconds)
