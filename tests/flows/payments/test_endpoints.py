"""Our endpoint at an account: one at a time, and none where nothing could be sent to."""

from collections.abc import AsyncIterator

import pytest

from app import db
from app.domain.inbox import access
from app.domain.money import Environment
from app.flows.payments.endpoints import Endpoints, is_same_account
from app.ports.accounts import Connection, Probed
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, Reached, connect, ears, reaching

pytestmark = pytest.mark.plain_sql


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
async def hearing(shop: StripeShop) -> AsyncIterator[Ears]:
    made = ears(shop)
    yield made
    await made.close()


async def test_another_endpoint_takes_the_place_of_the_one_before_and_both_secrets_are_kept(
    database: str, shop: StripeShop, hearing: Ears
) -> None:
    connection = connect(shop)
    endpoints = Endpoints(hearing.accounts, BOX, SITE)
    made = [await endpoints.make(connection) for _ in range(2)]
    (left,) = shop.look("webhook_endpoint")
    assert (left["id"], left["url"]) == (made[1], f"{SITE}/stripe/webhook/{connection.id}")
    with db.transaction(writes=False) as session:
        kept = access.read_secrets(session, connection.id)
    assert {endpoint_id for endpoint_id, _ in kept} == set(made)
    opened = {BOX.open(sealed, access.secret_context(connection.id, endpoint_id)) for endpoint_id, sealed in kept}
    assert len(opened) == 2 and all(secret.startswith("whsec_") for secret in opened)


@pytest.mark.parametrize("site", ["", "http://127.0.0.1:8000"])
async def test_without_an_https_address_none_is_made(database: str, shop: StripeShop, hearing: Ears, site: str) -> None:
    assert await Endpoints(hearing.accounts, BOX, site).make(connect(shop)) is None
    assert shop.look("webhook_endpoint") == []


async def test_an_account_is_known_again_by_its_name_or_by_our_endpoint_there(
    database: str, stripe_bank: StripeBank, shop: StripeShop
) -> None:
    async def ask(reached: Reached, name: str | None, before: str | None, endpoint_id: str | None) -> bool:
        connection = Connection("con_1", "stripe", Environment.SANDBOX, account=before)
        return await is_same_account(reached.account, Probed((), name, None), connection, endpoint_id)

    async with reaching(shop) as reached, reaching(stripe_bank.account("Another")) as other:
        endpoint_id = (await reached.account.create_endpoint(f"{SITE}/x")).id
        assert await ask(reached, "acct_1", "acct_1", None)
        assert not await ask(reached, "acct_1", "acct_2", endpoint_id)
        assert await ask(reached, None, "acct_1", endpoint_id)
        assert not await ask(other, None, "acct_1", endpoint_id)
        assert not await ask(reached, None, None, None)
