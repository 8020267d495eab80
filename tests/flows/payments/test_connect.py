"""A key is tried before anything of it is kept: what it lacks is named, what it opens is known, and it never shows."""

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from app import db
from app.domain.errors import BadField
from app.domain.inbox import access
from app.domain.money import Environment
from app.flows.payments.connect import (
    Before,
    PermissionsMissing,
    TriedKey,
    forget_account,
    keep_key,
    list_before,
    renew_endpoint,
    try_key,
)
from app.flows.payments.endpoints import Endpoints
from tests.support.books import make_paywall
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, connect, ears

pytestmark = pytest.mark.plain_sql

TEST, LIVE = Environment.SANDBOX, Environment.LIVE


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
async def hearing(shop: StripeShop) -> AsyncIterator[Ears]:
    made = ears(shop)
    yield made
    await made.close()


@pytest.mark.slow
async def test_a_key_that_lacks_one_permission_names_its_box_and_nothing_is_made(
    shop: StripeShop, hearing: Ears
) -> None:
    """Each permission is taken from the key in turn, so that none is asked for in vain."""
    all_of_them = hearing.accounts.permissions()
    slugs = {permission.slug for permission in all_of_them}
    there = len(shop.look())
    for permission in all_of_them:
        key = shop.key(sorted(slugs - {permission.slug, permission.slug.replace("_read", "_write")}))
        with capture_logs() as logs, pytest.raises(PermissionsMissing) as refused:
            await try_key(hearing.accounts, TEST, key, ())
        assert permission.name in refused.value.names
        assert {one.slug for one in all_of_them if one.name in refused.value.names} <= {
            permission.slug, permission.slug.replace("_read", "_write"),
        }  # fmt: skip
        assert permission.name in refused.value.message and key not in f"{refused.value!r}{refused.value}{logs}"
    assert len(shop.look()) == there and all(call["method"] != "PUT" for call in shop.calls())


@pytest.mark.parametrize(
    ("key", "environment", "words"),
    [
        ("sk_test_51secret", TEST, "secret key"),
        ("rk_live_51secret", TEST, "live mode"),
        ("rk_test_51secret", LIVE, "test mode"),
        ("whsec_51secret", TEST, "no restricted key"),
        ("rk_test_51secret", TEST, "does not know"),
        ("", TEST, "no restricted key"),
    ],
)
async def test_each_key_that_is_none_has_a_sentence_of_its_own(
    hearing: Ears, key: str, environment: Environment, words: str
) -> None:
    with pytest.raises(BadField, match=words) as refused:
        await try_key(hearing.accounts, environment, key, ())
    assert refused.value.field == "key" and "51secret" not in refused.value.message


@pytest.mark.unhurried
async def test_a_key_knows_the_account_that_it_opened_before(
    database: str, stripe_bank: StripeBank, shop: StripeShop, hearing: Ears
) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    earlier, last = connect(shop, paywall_id), connect(stripe_bank.account("Another"), paywall_id)
    with db.transaction(writes=False) as session:
        before = list_before(session, paywall_id)
    assert [one.connection.id for one in before] == [last.id, earlier.id]
    tried = await try_key(hearing.accounts, TEST, f" {shop.keys['rk_test']}\n", before)
    assert (tried.same_as, tried.account, tried.settles_usd) == (earlier.id, shop.id, True)
    assert shop.keys["rk_test"] not in repr(tried)
    with db.transaction() as session:
        keep_key(session, BOX, earlier.id, tried)
        sealed = access.list_of_paywall(session, "stripe", paywall_id)[1].key_sealed
    assert sealed is not None and BOX.open(sealed, earlier.seal_context) == shop.keys["rk_test"]
    third = await try_key(hearing.accounts, TEST, stripe_bank.account("Third").keys["rk_test"], before)
    assert third.same_as is None


async def test_an_endpoint_that_the_rail_takes_not_is_said_and_the_account_stays(
    database: str, shop: StripeShop, hearing: Ears
) -> None:
    connection = connect(shop, key=shop.key(["rak_balance_read"]))
    with pytest.raises(BadField, match="The account is connected, but") as refused:
        await renew_endpoint(Endpoints(hearing.accounts, BOX, SITE), connection)
    assert refused.value.code == "endpoint_refused"
    assert await renew_endpoint(Endpoints(hearing.accounts, BOX, ""), connection) is None


@pytest.mark.parametrize("is_refused", [False, True])
async def test_a_forgotten_account_has_no_key_and_no_endpoint(
    database: str, shop: StripeShop, hearing: Ears, is_refused: bool
) -> None:
    connection, endpoints = connect(shop), Endpoints(hearing.accounts, BOX, SITE)
    await endpoints.make(connection)
    if is_refused:
        connection = connect(shop, key="rk_test_gone")
    await forget_account(endpoints, connection)
    with db.transaction(writes=False) as session:
        assert access.read_secrets(session, connection.id) == []
        assert access.read_endpoint_id(session, connection.id) is None
    assert len(shop.look("webhook_endpoint")) == int(is_refused)


def test_what_was_tried_hides_its_key() -> None:
    tried = TriedKey(environment=TEST, account=None, settles_usd=None, same_as=None, key="rk_test_secret")
    assert "secret" not in repr(tried) and Before.__doc__
