"""What rails say by themselves, delivered or listed: ours goes into the inbox once, what is of others nowhere."""

from typing import Any

import pytest
from sqlalchemy import text

from app import db
from app.adapters.mail.kept import KeptMailer
from app.adapters.payments.stripe_account import KINDS
from app.domain import clock
from app.domain.errors import BadField, NotFound, Unavailable
from app.domain.inbox import access, health
from app.domain.inbox.connections import Connection
from app.domain.instance import instance
from app.flows.payments.heard import has_due
from app.ports.accounts import BadSignature
from app.ports.payments import Marks, Order
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.handed import begin_topup, mint_topup
from tests.support.paying import begin, event, open_events, posted
from tests.support.stripe_bank import StripeShop
from tests.support.stripe_shop import Ears, connect, keep_secret, order, signed

pytestmark = pytest.mark.plain_sql

SECRET = "whsec_1"


def stored() -> list[tuple[str, str]]:
    with db.transaction(writes=False) as session:
        rows = session.execute(text("SELECT object_id, kind FROM inbox_event ORDER BY received_at, id"))
        return [(row.object_id, row.kind) for row in rows]


def said(kind: str, object_: dict[str, Any], event_id: str = "evt_1", **changed: Any) -> dict[str, Any]:
    return {"id": event_id, "object": "event", "type": kind, "created": clock.now() // clock.SECOND,
            "livemode": False, "data": {"object": object_}, **changed}  # fmt: skip


def session_of(instance_id: str | None, object_id: str = "cs_1") -> dict[str, Any]:
    metadata = {} if instance_id is None else {"coinslot_instance": instance_id}
    return {"id": object_id, "object": "checkout.session", "metadata": metadata}


def own_instance() -> str:
    with db.transaction(writes=False) as session:
        return instance.read_id(session)


async def checkout(hearing: Ears, connection: Connection, marks: Marks) -> str:
    """Makes a checkout as the product does, and returns its id."""
    asked: Order = order(marks)
    return (await hearing.rails.reach(connection).create_checkout(asked)).id


@pytest.mark.unhurried
async def test_a_delivered_payment_is_stored_answered_and_credited_once(
    database: str, shop: StripeShop, hearing: Ears
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    session_id = await checkout(hearing, connection, begin(snapshot, connection.id, cents=1_000))
    shop.pay(session_id)
    completed = said("checkout.session.completed", session_of(own_instance(), session_id))
    for _ in range(3):
        await hearing.ear.hear(connection.id, *signed(completed, SECRET))
    await hearing.keeper.drain(10)
    assert (posted(snapshot), stored(), open_events()) == (1_000, [(session_id, "payment")], 0)
    assert_books_balance()


@pytest.mark.unhurried
async def test_what_nobody_acts_on_at_once_is_due_at_once(
    database: str, shop: StripeShop, hearing: Ears, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.flows.payments.heard.ACTED_ON_AT_ONCE_MAX", 1)
    connection, snapshot = connect(shop), make_snapshot()
    keep_secret(connection.id, SECRET)
    for number in range(3):
        paid = await checkout(hearing, connection, begin(snapshot, connection.id, f"user-{number}"))
        shop.pay(paid)
        completed = said("checkout.session.completed", session_of(own_instance(), paid), f"evt_{number}")
        await hearing.ear.hear(connection.id, *signed(completed, SECRET))
    await hearing.keeper.drain(10)
    while await hearing.door.finish_inbox():
        pass
    assert ([posted(snapshot, f"user-{number}") for number in range(3)], open_events()) == ([500] * 3, 0)
    assert_books_balance()


async def test_what_is_of_others_is_answered_and_stored_nowhere(database: str, shop: StripeShop, hearing: Ears) -> None:
    connection = connect(shop)
    keep_secret(connection.id, SECRET)
    intent = {"id": "pi_1", "object": "payment_intent", "metadata": {"coinslot_instance": "another"}}
    refund = {"id": "re_1", "object": "refund", "metadata": {"coinslot_instance": "another"}}
    for other in (
        said("checkout.session.completed", session_of(None)), said("checkout.session.completed", session_of("another")),
        said("payment_intent.succeeded", intent), said("refund.created", refund), said("plan.created", {"id": "p"}),
        said("checkout.session.completed", session_of(own_instance()), livemode=True),
        said("setup_intent.succeeded", {"id": "seti_1", "object": "setup_intent", "metadata": {}}),
    ):  # fmt: skip
        await hearing.ear.hear(connection.id, *signed(other, SECRET))
    assert stored() == []


async def test_what_carries_no_marks_of_anybody_is_stored_with_its_kind(
    database: str, shop: StripeShop, hearing: Ears
) -> None:
    connection = connect(shop)
    keep_secret(connection.id, SECRET)
    objects: tuple[tuple[str, dict[str, Any]], ...] = (
        ("refund.updated", {"id": "re_1", "object": "refund", "metadata": {}}),
        ("charge.dispute.created", {"id": "dp_1", "object": "dispute", "metadata": {}}),
        ("radar.early_fraud_warning.created", {"id": "issfr_1", "object": "radar.early_fraud_warning"}),
        ("payment_method.detached", {"id": "pm_1", "object": "payment_method", "metadata": {}}),
    )  # fmt: skip
    for number, (kind, object_) in enumerate(objects):
        await hearing.ear.hear(connection.id, *signed(said(kind, object_, f"evt_{number}"), SECRET))
    assert sorted(stored()) == [("dp_1", "dispute"), ("issfr_1", "warning"), ("pm_1", "card"), ("re_1", "refund")]


async def test_who_did_not_sign_is_not_believed(database: str, shop: StripeShop, hearing: Ears) -> None:
    connection, other = connect(shop), connect(shop)
    with pytest.raises(Unavailable):
        await hearing.ear.hear(connection.id, *signed(said("refund.created", {"id": "re_1"}), SECRET))
    keep_secret(connection.id, SECRET)
    keep_secret(other.id, "whsec_other")
    forged = signed(said("checkout.session.completed", session_of(own_instance())), "whsec_other")
    with pytest.raises(BadSignature):
        await hearing.ear.hear(connection.id, *forged)
    with pytest.raises(BadField):
        await hearing.ear.hear(connection.id, *signed({"no": "event"}, SECRET))
    for unknown in ("con_none", "sandbox", "\x00"):
        with pytest.raises(NotFound):
            await hearing.ear.hear(unknown, *forged)
    assert stored() == []


async def test_both_secrets_are_good_while_a_key_is_rotated(database: str, shop: StripeShop, hearing: Ears) -> None:
    connection = connect(shop)
    keep_secret(connection.id, "whsec_old", "we_1")
    keep_secret(connection.id, "whsec_new", "we_2")
    for number, secret in enumerate(("whsec_old", "whsec_new")):
        refund = said("refund.created", {"id": f"re_{number}", "object": "refund"}, f"evt_{number}")
        await hearing.ear.hear(connection.id, *signed(refund, secret))
    assert len(stored()) == 2


async def test_events_of_a_deleted_key_are_answered_and_the_operators_told_once(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer
) -> None:
    connection = connect(shop)
    keep_secret(connection.id, SECRET)
    with db.transaction() as session:
        access.forget_key(session, connection.id)
    for _ in range(3):
        await hearing.ear.hear(connection.id, *signed(said("refund.created", {"id": "re_1"}), SECRET))
    assert (stored(), len(mailer.kept())) == ([], 1)


@pytest.mark.unhurried
async def test_the_list_brings_what_no_delivery_did_once_and_moves_its_own_cursor(
    database: str, shop: StripeShop, hearing: Ears
) -> None:
    connection, snapshot = connect(shop), make_snapshot()
    session_id = await checkout(hearing, connection, begin(snapshot, connection.id, cents=1_000))
    shop.pay(session_id)
    shop.do("foreign", count=120)
    assert await has_due()
    assert (await hearing.ear.read_lists(), await has_due()) == (1, False)
    assert {object_id for object_id, _ in stored()} >= {session_id} and len(stored()) == 2
    assert (await hearing.door.finish_inbox(), posted(snapshot), open_events()) == (2, 1_000, 0)
    with db.transaction(writes=False) as session:
        assert health.is_up_to_date(session, connection.id)
        newest = max(one["created"] for one in shop.look("event") if one["type"] in KINDS)
        assert health.read_cursor(session, connection.id).since == newest - health.OVERLAP_SECONDS
    await hearing.ear.read_list(connection.id)
    assert (len(stored()), await hearing.door.finish_inbox(), posted(snapshot)) == (2, 0, 1_000)
    assert_books_balance()


async def test_a_list_that_breaks_off_is_not_read_and_one_dead_account_stops_no_other(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer
) -> None:
    dead, alive = connect(shop, key="rk_test_revoked"), connect(shop)
    shop.bank.fault("answer", account=shop.id, path="/events", status=500)
    assert await hearing.ear.read_lists() == 0
    assert await hearing.ear.read_lists() == 1
    with db.transaction(writes=False) as session:
        assert [health.is_up_to_date(session, one.id) for one in (dead, alive)] == [False, True]
        assert health.read_health(session, dead.id).refused_at is not None
    assert len(mailer.kept()) == 1  # once, though it was refused twice


async def test_a_read_back_that_is_refused_is_told_once_and_tried_again(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer
) -> None:
    dead = connect(shop, key="rk_test_revoked")
    for number in range(3):
        await hearing.door.receive(dead.id, f"evt_{number}", "cs_1")
    assert (len(mailer.kept()), open_events(), event(dead.id, "evt_0").attempts) == (1, 3, 1)


@pytest.mark.unhurried
async def test_a_payer_reads_no_word_of_a_key_and_its_owner_hears_of_it_when_events_are_read(
    database: str, shop: StripeShop, hearing: Ears, mailer: KeptMailer
) -> None:
    snapshot = make_snapshot()
    lacking = connect(shop, key=shop.key(["rak_event_read"]))
    rail = hearing.rails.reach(lacking)
    with pytest.raises(Unavailable, match="Nothing was charged") as refused:
        await begin_topup(rail, mint_topup(snapshot.paywall_id, "ada"), "5")
    assert "rak_" not in refused.value.message and mailer.kept() == []
    for _ in range(2):
        await hearing.ear.read_list(lacking.id)
    (kept,) = mailer.kept()
    assert "rak_checkout_session_write" in kept.mail.text
