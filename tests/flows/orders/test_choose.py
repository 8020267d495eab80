"""Only the user of an order chooses who pays for it, once, whoever else has the link."""

import pytest

from app import db
from app.domain.errors import LinkInvalid, NotAllowed
from app.domain.legs.legs import Source
from app.domain.orders.orders import AlreadyChosen, read_order
from app.domain.paywalls.modes import Mode
from app.domain.people.sessions import Person
from app.flows.callers.links import OrderLink
from app.flows.callers.snapshot import Snapshot
from app.flows.orders.choose import Whose, choose, read_view
from tests.support.books import make_snapshot
from tests.support.credits import open_credits, someone_with_key
from tests.support.crowd import connect, sign_in
from tests.support.handed import mint_order, mint_topup, open_order
from tests.support.ordered import order_of

pytestmark = pytest.mark.plain_sql


def link_of(snapshot: Snapshot, user: str, order_id: str) -> OrderLink:
    return open_order(mint_order(snapshot.paywall_id, user, order_id))


def whose(link: OrderLink, person: Person) -> Whose:
    with db.transaction(writes=False) as session:
        return read_view(session, link, person).whose


async def test_a_stranger_with_the_link_chooses_nothing(database: str) -> None:
    snapshot = make_snapshot(mode=Mode.SHARED)
    ada, _ = await sign_in("ada@example.org")
    eve, _ = await sign_in("eve@example.org")
    order = order_of(snapshot, "u1")
    link = link_of(snapshot, "u1", order.id)
    assert (whose(link, ada), whose(link, eve)) == (Whose.NOBODYS, Whose.NOBODYS)
    with pytest.raises(NotAllowed):
        await choose(link, ada, Source.PLATFORM)
    await connect(snapshot, ada)
    assert (whose(link, ada), whose(link, eve)) == (Whose.OWN, Whose.ANOTHERS)
    with pytest.raises(NotAllowed):
        await choose(link, eve, Source.PLATFORM)
    await choose(link, ada, Source.OWN, may_fall_back=True)
    with pytest.raises(AlreadyChosen):
        await choose(link, ada, Source.PLATFORM)
    with db.transaction(writes=False) as session:
        chosen = read_order(session, snapshot.paywall_id, order.id)
    assert (chosen.billing, chosen.may_fall_back) == (Source.OWN, True)


async def test_an_accounts_own_order_is_its_own(database: str) -> None:
    await open_credits()
    ada, snapshot = await someone_with_key()
    bob, _ = await someone_with_key("bob@example.org")
    order = order_of(snapshot, ada.account_id)
    link = link_of(snapshot, ada.account_id, order.id)
    assert (whose(link, ada), whose(link, bob)) == (Whose.OWN, Whose.ANOTHERS)
    await choose(link, ada, Source.PLATFORM)


@pytest.mark.plain_sql
async def test_a_link_that_names_no_such_order_is_invalid(database: str) -> None:
    snapshot, own = make_snapshot(mode=Mode.SHARED), make_snapshot()
    ada, _ = await sign_in("ada@example.org")
    order, plain = order_of(snapshot, "u1"), order_of(own, "u1", Source.PLATFORM)
    for link in (link_of(snapshot, "u2", order.id), link_of(own, "u1", order.id), link_of(snapshot, "u1", "ord_none"),
                 link_of(own, "u1", plain.id)):  # fmt: skip
        with pytest.raises(LinkInvalid):
            whose(link, ada)
    with pytest.raises(LinkInvalid):
        open_order(mint_topup(snapshot.paywall_id, "u1"))
