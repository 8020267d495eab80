"""An order is its paywall's and its user's, and who pays for it is chosen once."""

import time

import pytest

from app import db
from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.legs.legs import Source
from app.domain.orders.orders import (
    AlreadyChosen,
    NewOrder,
    Order,
    OrderFilter,
    check_name,
    choose_billing,
    list_orders,
    make_order,
    read_order,
    read_order_names,
)


def make(paywall_id: str = "pw_1", user: str = "ada", billing: Source | None = None) -> Order:
    time.sleep(0.002)  # of two of one millisecond neither is the newer
    with db.transaction() as session:
        return make_order(session, NewOrder(paywall_id, user, "Book", billing, {"chapter": 1}))


def read(order: Order, paywall_id: str = "pw_1", user: str | None = None) -> Order:
    with db.transaction(writes=False) as session:
        return read_order(session, paywall_id, order.id, user)


def test_it_is_read_as_it_was_made_by_its_own_paywall_and_user(database: str) -> None:
    order = make()
    assert read(order) == order == read(order, user="ada")
    assert (order.billing, order.was_asked, order.details) == (None, True, {"chapter": 1})
    for paywall_id, user in (("pw_2", None), ("pw_1", "bob")):
        with pytest.raises(NotFound):
            read(order, paywall_id, user)
    assert make(billing=Source.OWN).was_asked is False


def test_who_pays_is_chosen_once(database: str) -> None:
    order = make()
    with db.transaction() as session:
        choose_billing(session, order, Source.OWN, "acc_1", may_fall_back=True)
    chosen = read(order)
    assert (chosen.billing, chosen.may_fall_back) == (Source.OWN, True) and chosen.chosen_at is not None
    for billing in Source:
        with pytest.raises(AlreadyChosen), db.transaction() as session:
            choose_billing(session, order, billing, "acc_2", may_fall_back=False)
    assert read(order) == chosen
    wallet = make()
    with db.transaction() as session:
        choose_billing(session, wallet, Source.PLATFORM, "acc_1", may_fall_back=True)
    assert read(wallet).may_fall_back is False, "there is nothing to fall back from"


def test_they_are_listed_newest_first_page_by_page(database: str) -> None:
    made = [make(), make(user="bob"), make(), make("pw_2")]

    def found(limit: int = 9, before: str | None = None, **wanted: object) -> list[str]:
        with db.transaction(writes=False) as session:
            listed = list_orders(session, "pw_1", OrderFilter(**wanted), before, limit)  # type: ignore[arg-type]
        return [order.id for order in listed]

    ids = [order.id for order in made]
    assert found() == ids[2::-1] and found(user="ada") == [ids[2], ids[0]] and found(1) == [ids[2]]
    assert found(before=ids[2]) == ids[1::-1]
    assert found(since=clock.now() + clock.DAY) == [] == found(until=made[0].created_at)
    with db.transaction(writes=False) as session:
        assert read_order_names(session, [ids[0], "ord_none"]) == {ids[0]: "Book"}


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "two\nlines", None, 1, ["x"]])
def test_a_name_is_one_line(name: object) -> None:
    assert check_name(" Translate the book · €") == "Translate the book · €"
    with pytest.raises(BadField) as refused:
        check_name(name)
    assert refused.value.field == "name"
