"""A developer connects an account of their own, changes its key, and leaves it; nobody else does."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app import db
from app.domain.errors import NotAllowed, NotFound, WrongMode
from app.domain.inbox import access
from app.domain.inbox.connections import Connection, read_connection
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.members import Manager
from app.domain.paywalls.modes import Mode
from app.flows.payments.endpoints import Endpoints
from app.flows.paywalls.payments import connect, disconnect, forget
from tests.support.books import make_paywall, make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.stripe_bank import StripeBank, StripeShop
from tests.support.stripe_shop import BOX, SITE, Ears, ears
from tests.support.webhooks import listening

pytestmark = pytest.mark.plain_sql


@pytest.fixture
def shop(stripe_bank: StripeBank) -> StripeShop:
    return stripe_bank.account()


@pytest.fixture
async def endpoints(shop: StripeShop) -> AsyncIterator[Endpoints]:
    made: Ears = ears(shop)
    yield Endpoints(made.accounts, BOX, SITE)
    await made.close()


@pytest.fixture
async def owner(database: str) -> Manager:
    """Whose app listens to everything."""
    return owner_of((await listening(make_snapshot())).paywall_id)


def connected(owner: Manager) -> list[Connection]:
    """Returns the accounts of a paywall, the newest first."""
    with db.transaction(writes=False) as session:
        return list(access.list_of_paywall(session, "stripe", owner.paywall_id))


def told(owner: Manager) -> list[str]:
    """Returns the events of integrations, sorted."""
    statement = text("SELECT type FROM paywall_event WHERE paywall_id = :id AND type LIKE '%integration%'")
    with db.transaction(writes=False) as session:
        found = session.scalars(statement, {"id": owner.paywall_id}).all()
    return sorted(type_.removeprefix("paywall.integration.") for type_ in found)


def logged(owner: Manager) -> list[object]:
    with db.transaction(writes=False) as session:
        found = read_changes(session, owner.paywall_id, 50)
    mine = [change for change in found if change.section is Section.PAYMENTS]
    assert {change.made_by for change in mine} == {owner.account_id}
    return [change.what["step"] for change in reversed(mine)]


@pytest.mark.unhurried
async def test_an_account_is_connected_with_an_endpoint_and_its_key_changed(
    owner: Manager, shop: StripeShop, endpoints: Endpoints
) -> None:
    made = await connect(endpoints, owner, shop.keys["rk_test"])
    (found,) = connected(owner)
    assert made.is_new and (found.id, found.account, found.is_open) == (made.connection_id, shop.id, True)
    (endpoint,) = shop.look("webhook_endpoint")
    assert endpoint["url"] == f"{SITE}/stripe/webhook/{found.id}"
    other = shop.key([permission.slug for permission in endpoints.accounts.permissions()])
    again = await connect(endpoints, owner, other)
    assert (again.is_new, again.connection_id) == (False, found.id)
    (rotated,) = shop.look("webhook_endpoint")
    assert rotated["id"] != endpoint["id"]
    with db.transaction(writes=False) as session:
        assert len(access.read_secrets(session, found.id)) == 2  # both are accepted meanwhile
        sealed = read_connection(session, found.id).key_sealed
    assert sealed is not None and BOX.open(sealed, found.seal_context) == other
    assert told(owner) == ["connected", "stripe.webhook.rotated"]
    assert logged(owner) == ["connected", "endpoint made", "key changed", "endpoint rotated"]


@pytest.mark.unhurried
async def test_another_accounts_key_is_another_connection_and_the_first_one_is_known_again(
    owner: Manager, stripe_bank: StripeBank, shop: StripeShop, endpoints: Endpoints
) -> None:
    first = await connect(endpoints, owner, shop.keys["rk_test"])
    second = await connect(endpoints, owner, stripe_bank.account("Another").keys["rk_test"])
    assert (second.is_new, second.replaced_id) == (True, first.connection_id)
    assert [(one.id, one.is_open) for one in connected(owner)] == [
        (second.connection_id, True), (first.connection_id, False)
    ]  # fmt: skip
    back = await connect(endpoints, owner, shop.keys["rk_test"])
    assert (back.is_new, back.connection_id, back.replaced_id) == (True, first.connection_id, second.connection_id)
    assert [one.id for one in connected(owner) if one.is_open] == [first.connection_id]
    assert told(owner) == ["connected"] * 3 + ["disconnected"] * 2 + ["stripe.webhook.rotated"]


@pytest.mark.unhurried
async def test_a_disconnected_account_takes_nothing_new_and_keeps_its_key_until_that_is_deleted(
    owner: Manager, shop: StripeShop, endpoints: Endpoints
) -> None:
    id_ = (await connect(endpoints, owner, shop.keys["rk_test"])).connection_id
    with pytest.raises(NotFound, match="Disconnect"):
        await forget(endpoints, owner, id_)
    assert [await disconnect(owner, id_) for _ in range(2)] == [True, False]
    (left,) = connected(owner)
    assert not left.is_open and left.key_sealed is not None
    assert told(owner) == ["connected", "disconnected"]
    await forget(endpoints, owner, id_)
    assert connected(owner)[0].key_sealed is None and shop.look("webhook_endpoint") == []


@pytest.mark.unhurried
async def test_only_the_owner_connects_and_leaves(owner: Manager, shop: StripeShop, endpoints: Endpoints) -> None:
    id_ = (await connect(endpoints, owner, shop.keys["rk_test"])).connection_id
    with db.transaction() as session:
        elsewhere = make_paywall(session, {})
    operator, another = manager(owner.paywall_id, person(OPERATOR)), owner_of(elsewhere, "bob@example.org")
    calls = len(shop.calls())
    for act in (lambda: connect(endpoints, operator, shop.keys["rk_test"]), lambda: disconnect(operator, id_),
                lambda: forget(endpoints, operator, id_)):  # fmt: skip
        with pytest.raises(NotAllowed):
            await act()
    for act in (lambda: disconnect(another, id_), lambda: forget(endpoints, another, id_)):
        with pytest.raises(NotFound):
            await act()
    assert connected(owner)[0].is_open and len(shop.calls()) == calls


async def test_people_pay_the_operator_and_so_an_app_of_theirs_connects_nothing(
    database: str, shop: StripeShop, endpoints: Endpoints
) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, mode=Mode.SHARED)
    with pytest.raises(WrongMode):
        await connect(endpoints, owner_of(paywall_id), shop.keys["rk_test"])
    assert shop.calls() == []
