"""The operator's own connections follow the environment: made, rotated, replaced, disconnected."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app import db
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.inbox import access, health
from app.domain.inbox.connections import Connection, read_connection
from app.domain.money import Environment
from app.flows.events.mails import Desk
from app.flows.payments.endpoints import Endpoints
from app.flows.payments.operators import OperatorConnections, has_connections
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, ears

pytestmark = pytest.mark.plain_sql

LIVE, TEST = Environment.LIVE, Environment.SANDBOX


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
async def hearing(shop: StripeShop) -> AsyncIterator[Ears]:
    made = ears(shop)
    with capture_logs():
        yield made
        await made.close()


class Operator:
    """Whoever sets keys and starts processes."""

    def __init__(self, hearing: Ears) -> None:
        self.hearing, self.mailer, self.site = hearing, KeptMailer(clock.now), SITE

    async def start(self, test: str = "", live: str = "", *, times: int = 1) -> int:
        """Starts a process with these keys, and lets its job run; returns what its last run changed."""
        desk, endpoints = (
            Desk(self.mailer, frozenset({"op@example.org"})),
            Endpoints(self.hearing.accounts, BOX, self.site),
        )
        made = OperatorConnections(self.hearing.accounts, BOX, endpoints, desk, {LIVE: live, TEST: test})
        return [await made.keep() for _ in range(times)][-1]


@pytest.fixture
def operator(hearing: Ears) -> Operator:
    return Operator(hearing)


def current(environment: Environment = TEST) -> Connection | None:
    with db.transaction(writes=False) as session:
        return access.find_open(session, "stripe", environment, None)


def the_test_one() -> Connection:
    found = current()
    assert found is not None
    return found


@pytest.mark.unhurried
async def test_both_keys_become_connections_with_endpoints_once(
    database: str, shop: StripeShop, operator: Operator
) -> None:
    keys = (shop.keys["rk_test"], shop.keys["rk_live"])
    assert [await operator.start(*keys) for _ in range(2)] == [2, 0]
    for environment, live in ((TEST, False), (LIVE, True)):
        found = current(environment)
        assert found is not None and (found.account, found.paywall_id) == (shop.id, None)
        (endpoint,) = shop.look("webhook_endpoint", live=live)
        assert endpoint["url"] == f"{SITE}/stripe/webhook/{found.id}"
    assert operator.mailer.kept() == []


@pytest.mark.unhurried
async def test_another_key_of_the_account_is_a_rotation_and_one_of_another_account_another_connection(
    database: str, stripe_bank: StripeBank, shop: StripeShop, operator: Operator
) -> None:
    await operator.start(shop.keys["rk_test"])
    before = the_test_one()
    rotated = shop.key([permission.slug for permission in operator.hearing.accounts.permissions()])
    assert await operator.start(rotated) == 1
    after = the_test_one()
    assert after.id == before.id and after.key_sealed is not None
    assert BOX.open(after.key_sealed, after.seal_context) == rotated
    assert len(shop.look("webhook_endpoint")) == 1
    other = stripe_bank.account("Another")
    assert await operator.start(other.keys["rk_test"]) == 1
    newest = the_test_one()
    with db.transaction(writes=False) as session:
        old = read_connection(session, before.id)
    assert (newest.id != before.id, newest.account, old.is_open, old.key_sealed) == (
        True,
        other.id,
        False,
        after.key_sealed,
    )


@pytest.mark.unhurried
async def test_without_a_key_nothing_new_is_begun_and_what_is_open_can_end(
    database: str, shop: StripeShop, operator: Operator
) -> None:
    await operator.start(shop.keys["rk_test"])
    before = the_test_one()
    assert await has_connections()
    assert [await operator.start() for _ in range(2)] == [1, 0]
    assert not await has_connections()
    with db.transaction(writes=False) as session:
        left = read_connection(session, before.id)
    assert (current(), left.is_open, left.key_sealed is None) == (None, False, False)


@pytest.mark.unhurried
async def test_an_account_that_comes_back_is_the_same_connection_with_its_cards(
    database: str, stripe_bank: StripeBank, shop: StripeShop, operator: Operator
) -> None:
    """Whoever starts once without a key, or with another one, must not lose what people have saved."""
    await operator.start(shop.keys["rk_test"])
    before, other = the_test_one(), stripe_bank.account("Another")
    for between in ("", other.keys["rk_test"]):
        await operator.start(between)
        assert await operator.start(shop.keys["rk_test"]) == 1
        assert (the_test_one().id, the_test_one().is_open) == (before.id, True)
    with db.transaction(writes=False) as session:
        assert len(access.list_of_operator(session, "stripe", TEST)) == 2


@pytest.mark.unhurried
async def test_an_endpoint_is_made_once_there_is_an_address(
    database: str, shop: StripeShop, operator: Operator
) -> None:
    operator.site = "http://127.0.0.1:8000"
    assert await operator.start(shop.keys["rk_test"], times=2) == 0
    assert shop.look("webhook_endpoint") == []
    operator.site = SITE
    assert await operator.start(shop.keys["rk_test"]) == 1
    with db.transaction(writes=False) as session:
        assert health.read_health(session, the_test_one().id).endpoint_status == "enabled"


@pytest.mark.unhurried
async def test_a_key_that_cannot_be_used_is_told_once_and_nothing_is_stored(
    database: str, stripe_bank: StripeBank, shop: StripeShop, operator: Operator
) -> None:
    lacking, euros = shop.key(["rak_balance_read"]), stripe_bank.account("Euros", "DE", "eur")
    for key, words in (
        (lacking, "Checkout Sessions: Write"),
        (euros.keys["rk_test"], "US dollars"),
        ("rk_test_x", "key"),
    ):
        assert await operator.start(key, times=3) == 0
        assert (current(), len(operator.mailer.kept())) == (None, 1)
        (kept,) = operator.mailer.kept()
        assert words in kept.mail.text and key not in kept.mail.text
        operator.mailer = KeptMailer(clock.now)
    assert shop.look("webhook_endpoint") == []
