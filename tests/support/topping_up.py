"""Workers that fill many wallets at one account at Stripe, each a process of its own, as `serve`'s workers are.

`python -m tests.support.topping_up DATABASE_URL STRIPE_URL PROCESSES`: looks at every wallet as settlements
would, then sweeps until nothing is left to do. One that is killed leaves what the others go on with.
"""

import asyncio
import random
import sys
from collections.abc import Sequence
from typing import Any

from sqlalchemy import exists, select

from app import db, settings
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.stripe import StripeRail
from app.adapters.payments.stripe_account import open_account
from app.adapters.payments.stripe_cards import StripeCardRail
from app.adapters.payments.stripe_client import StripeClients
from app.domain import clock
from app.domain.cards import charges
from app.domain.cards.tables import AutoTopup
from app.domain.ids import new_id
from app.domain.inbox.connections import Connection
from app.domain.inbox.inbox import ObjectKind
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from app.each_alone import alone
from app.flows.cards.auto_topup import AutoTopups
from app.flows.cards.cards import CardTaker
from app.flows.cards.charging import Charging
from app.flows.cards.mails import CardMails
from app.flows.payments.received import PaymentDoor
from app.flows.payments.refund import Refunds
from app.flows.upkeep import lease
from app.keeper import Keeper
from app.ports.cards import CardRail
from app.sql.columns import table_of
from app.wiring.adapters import CardsByConnection, RailsByConnection
from tests.support.handed import desk
from tests.support.stripe_bank import StripeShop
from tests.support.stripe_shop import BOX, SITE

AT_ONCE = 8
LEASE_SECONDS = 60
"""As `COINSLOT_LEASE_SECONDS` is unless somebody sets it."""
PAUSE_SECONDS = 3
"""How long a charge is left to the process that took it, so that a test need not wait for as long as people do."""


def topups_at(clients: StripeClients) -> AutoTopups:
    """Returns what looks after wallets in a process that reaches Stripe."""

    def cards(connection: Connection) -> CardRail:
        return StripeCardRail(connection.id, open_account(clients, BOX, connection), SITE)

    rails = RailsByConnection(stripe=lambda of: StripeRail(of.id, open_account(clients, BOX, of), SITE))
    operators, of_cards = desk(KeptMailer(clock.now)), CardsByConnection(stripe=cards)
    door = PaymentDoor(rails, Refunds(rails, operators), operators, {ObjectKind.CARD: CardTaker(of_cards)})
    return AutoTopups(Charging(of_cards, door), CardMails(operators, SITE), Keeper(), SITE)


def save_cards(shop: StripeShop, people: Sequence[str], number: str = "4242424242424242") -> list[tuple[str, str]]:
    """Makes a customer with a saved card for each person, past our own pace: it is no part of what is measured."""

    async def make(client: Any, name: str) -> tuple[str, str]:
        customer = await client.v1.customers.create_async({"email": name})
        method = await client.v1.payment_methods.create_async(
            {"type": "card", "card": {"number": number, "exp_month": 4, "exp_year": 2039, "cvc": "123"}}
        )
        await client.v1.payment_methods.attach_async(method.id, {"customer": customer.id})
        return customer.id, method.id

    async def make_all() -> list[tuple[str, str]]:
        client = shop.client()
        return [await make(client, name) for name in people]

    return asyncio.run(make_all())


class Living:
    """A process among others, which counts them by their leases, as a process that serves does."""

    def __init__(self, processes: int) -> None:
        self.count = processes
        self._owner = new_id("wrk")

    async def beat(self) -> None:
        """Says that this process is alive, and counts who else is, for as long as it is let."""
        while True:
            await lease.renew(self._owner, LEASE_SECONDS)
            self.count = await lease.count_living()
            await asyncio.sleep(LEASE_SECONDS * lease.RENEWAL_SHARE)


async def work(stripe_url: str, processes: int) -> None:
    living = Living(processes)
    beating = asyncio.create_task(living.beat())
    clients = StripeClients(stripe_url, lambda: living.count)
    topups, turn = topups_at(clients), asyncio.Semaphore(AT_ONCE)
    with db.transaction(writes=False) as session:
        wallets = list(session.scalars(select(AutoTopup.wallet_id)))  # type: ignore[call-overload]
    random.Random().shuffle(wallets)

    async def look(wallet_id: str) -> None:
        async with turn:
            await alone("worker", wallet_id, lambda: topups.fill(wallet_id))

    try:
        await asyncio.gather(*(look(wallet_id) for wallet_id in wallets))
        while await _is_left(wallets):
            await topups.sweep()
            await topups._charging.door.finish_inbox()
            await asyncio.sleep(0.2)
    finally:
        beating.cancel()
        await clients.close()


async def _is_left(wallets: Sequence[str]) -> bool:
    def count(session: db.Session) -> bool:
        table = table_of(Topup)
        of_them = table.c.wallet_id.in_(wallets)
        in_flight = exists().where(of_them, table.c.kind != TopupKind.CHECKOUT, table.c.status == TopupStatus.CREATED)
        return bool(session.scalar(select(in_flight)))

    return await db.in_transaction(count)


def main() -> None:
    database_url, stripe_url, processes = sys.argv[1:4]
    settings.configure(database_url=database_url)
    charges.FIRST_PAUSE_SECONDS = PAUSE_SECONDS
    asyncio.run(work(stripe_url, int(processes)))
    db.dispose()


if __name__ == "__main__":
    main()
