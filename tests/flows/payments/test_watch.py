"""An endpoint that stops sending is seen within the hour: its owner is told, and what it did not send is read."""

import pytest

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain.inbox import health
from app.domain.inbox.tables import EndpointStatus
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.watch import has_endpoints
from tests.support.books import make_snapshot
from tests.support.paying import begin, open_events, posted
from tests.support.stripe_bank import StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, connect, order

pytestmark = pytest.mark.plain_sql


@pytest.mark.unhurried
@pytest.mark.parametrize("how", [EndpointStatus.DISABLED, EndpointStatus.MISSING])
async def test_an_endpoint_that_stopped_is_told_of_once_and_what_it_missed_is_credited(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer, how: EndpointStatus
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    assert not await has_endpoints()
    endpoint_id = await Endpoints(hearing.accounts, BOX, SITE).make(connection)
    assert (await has_endpoints(), await hearing.watch.check_all(), mailer.kept()) == (True, 1, [])
    shop.do("webhooks", lose=100)
    made = await hearing.rails.reach(connection).create_checkout(order(begin(snapshot, connection.id)))
    shop.pay(made.id)
    if how is EndpointStatus.DISABLED:
        shop.bank.do("endpoint", endpoint=endpoint_id, status="disabled")
    else:
        await shop.client().v1.webhook_endpoints.delete_async(str(endpoint_id))
    assert [await hearing.watch.check_all() for _ in range(2)] == [1, 1]
    with db.transaction(writes=False) as session:
        assert health.read_health(session, connection.id).endpoint_status is how
    assert [kept.mail.subject for kept in mailer.kept()] == ["Stripe does not send us its events"]
    await hearing.door.finish_inbox()
    assert (posted(snapshot), open_events()) == (500, 0)


async def test_a_refused_key_is_told_and_keeps_no_other_from_being_looked_at(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer
) -> None:
    dead, alive = connect(shop), connect(shop, key=shop.key(["rak_webhook_write"]))
    for one in (dead, alive):
        await Endpoints(hearing.accounts, BOX, SITE).make(one)
    shop.bank.do("revoke", key=shop.keys["rk_test"])
    assert [await hearing.watch.check_all() for _ in range(2)] == [1, 1]
    assert [kept.mail.subject for kept in mailer.kept()] == ["Stripe refuses the key of your connection"]
