"""What a developer sets up of their webhooks."""

from dataclasses import replace
from typing import Any

import pytest

from app import db
from app.adapters.outbound.messenger import HttpMessenger
from app.domain.errors import BadField, NotAllowed, NotFound
from app.domain.events.subscriptions import context
from app.domain.events.tables import WebhookSubscription
from app.domain.money import Environment
from app.domain.paywalls.changes import Section, read_changes
from app.flows.events.delivery import fan_out
from app.flows.paywalls.webhooks import (
    change_subscription,
    create_subscription,
    deactivate_subscription,
    replay_delivery,
    rotate_secret,
    send_test_event,
)
from tests.support.books import make_snapshot
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.webhooks import BOX, MESSENGER, happen, log_of, subscribe

pytestmark = pytest.mark.plain_sql

URL = "https://app.example/hooks"


@pytest.mark.usefixtures("database")
async def test_secrets_and_headers_are_sealed_and_the_secret_is_shown_once() -> None:
    snapshot = make_snapshot()
    made = await subscribe(snapshot, URL, customHeaders={"Authorization": "Bearer hush"}, description="Ours")
    with db.transaction(writes=False) as session:
        row = session.get(WebhookSubscription, made.subscription.id)
        assert row is not None and row.headers_sealed is not None
        assert "hush" not in str(row.model_dump()) and made.secret not in str(row.model_dump())
        assert BOX.open(row.secret_sealed, context(row.id)) == made.secret
        assert BOX.open(row.headers_sealed, context(row.id)) == '{"Authorization": "Bearer hush"}'
    view = made.subscription
    assert (view.description, view.header_names, view.created_by) == ("Ours", ["Authorization"], snapshot.key_id)
    assert made.secret.startswith("whsec_") and view.secret_suffix == made.secret[-6:]


@pytest.mark.usefixtures("database")
async def test_what_is_done_with_a_subscription_is_logged_without_secrets_addresses_and_headers() -> None:
    snapshot = make_snapshot()
    made = await subscribe(snapshot, URL, customHeaders={"Authorization": "Bearer hush"})
    wanted = {"url": URL + "2", "isActive": True, "customHeaders": {"X-A": "hush"}}
    await change_subscription(BOX, MESSENGER, snapshot, made.subscription.id, wanted)
    await rotate_secret(BOX, snapshot, made.subscription.id, {})
    await deactivate_subscription(snapshot, made.subscription.id)
    with pytest.raises(NotFound):
        await deactivate_subscription(snapshot, "whk_none")
    with db.transaction(writes=False) as session:
        logged = read_changes(session, snapshot.paywall_id, 9)
    assert [each.what["step"] for each in reversed(logged)] == ["made", "changed", "rotated", "ended"]
    assert {(each.section, each.made_by, each.version) for each in logged} == {(Section.WEBHOOKS, snapshot.key_id, 1)}
    assert not any(secret in str([dict(each.what) for each in logged]) for secret in ("hush", "app.example", "whsec"))


@pytest.mark.usefixtures("database")
async def test_a_secret_of_the_developers_own_is_kept() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert (await subscribe(make_snapshot(), URL, secret=secret)).secret == secret


@pytest.mark.usefixtures("database")
async def test_what_is_named_is_changed_and_nothing_else() -> None:
    snapshot = make_snapshot()
    made = (await subscribe(snapshot, URL, customHeaders={"X-A": "1"})).subscription
    changed = await change_subscription(BOX, MESSENGER, snapshot, made.id, {"events": ["proxy.*"], "description": "D"})
    assert (changed.events, changed.description, changed.url) == (["proxy.*"], "D", URL)
    assert changed.header_names == ["X-A"] and changed.updated_at > made.updated_at
    moved = await change_subscription(BOX, MESSENGER, snapshot, made.id, {"url": URL + "2", "customHeaders": None})
    assert (moved.url, moved.header_names, moved.events) == (URL + "2", [], ["proxy.*"])
    ended = await deactivate_subscription(snapshot, made.id)
    assert not ended.is_active
    assert (await change_subscription(BOX, MESSENGER, snapshot, made.id, {"isActive": True})).is_active
    assert not (await change_subscription(BOX, MESSENGER, snapshot, made.id, {"isActive": False})).is_active


@pytest.mark.usefixtures("database")
async def test_what_waits_is_not_delivered_any_more_once_it_is_inactive() -> None:
    snapshot = make_snapshot()
    made = (await subscribe(snapshot, URL)).subscription
    happen(snapshot)
    await fan_out("here")
    await deactivate_subscription(snapshot, made.id)
    (entry,) = log_of(snapshot)
    assert (entry.status, entry.error, entry.next_attempt_at) == ("error", "The subscription is not active.", None)


@pytest.mark.usefixtures("database")
async def test_somebody_elses_subscription_is_not_found() -> None:
    snapshot, other = make_snapshot(), make_snapshot()
    id_ = (await subscribe(snapshot, URL)).subscription.id
    for attempt in (
        change_subscription(BOX, MESSENGER, other, id_, {"description": "x"}),
        change_subscription(BOX, MESSENGER, other, id_, {}),
        deactivate_subscription(other, id_),
        rotate_secret(BOX, other, id_, {}),
        replay_delivery(other, "whd_x"),
    ):
        with pytest.raises(NotFound):
            await attempt


@pytest.mark.usefixtures("database")
async def test_every_refusal_names_its_field() -> None:
    snapshot = make_snapshot()
    good = {"url": URL, "events": ["*"]}
    for field, wanted in (
        ("url", {"events": ["*"]}),
        ("events", {"url": URL}),
        ("url", {**good, "url": "nowhere"}),
        ("events", {**good, "events": ["x"]}),
        ("secret", {**good, "secret": "short"}),
        ("customHeaders", {**good, "customHeaders": {"Host": "x"}}),
        ("description", {**good, "description": 1}),
        ("isActive", {**good, "isActive": True}),
    ):
        with pytest.raises(BadField) as refused:
            await create_subscription(BOX, MESSENGER, snapshot, wanted)
        assert refused.value.field == field
    with pytest.raises(BadField, match="private address"):
        await create_subscription(BOX, HttpMessenger(seconds_max=1), snapshot, {**good, "url": "https://10.0.0.1/"})
    live = replace(snapshot, environment=Environment.LIVE)
    with pytest.raises(BadField, match="an https URL"):
        await create_subscription(BOX, MESSENGER, live, {**good, "url": "http://app.example/"})
    id_ = (await subscribe(snapshot, URL)).subscription.id
    changes: tuple[tuple[str, dict[str, Any]], ...]
    changes = (("isActive", {"isActive": "no"}), ("secret", {"secret": "x"}), ("url", {"url": None}))
    for field, wanted in changes:
        with pytest.raises(BadField) as refused:
            await change_subscription(BOX, MESSENGER, snapshot, id_, wanted)
        assert refused.value.field == field
    with pytest.raises(BadField, match="`overlapSeconds`"):
        await rotate_secret(BOX, snapshot, id_, {"overlapSeconds": -1})


@pytest.mark.unhurried
@pytest.mark.usefixtures("database")
async def test_a_manager_sets_up_what_their_role_allows_and_is_named_in_the_log() -> None:
    snapshot = make_snapshot()
    owner, operator = owner_of(snapshot.paywall_id), manager(snapshot.paywall_id, person(OPERATOR))
    made = (await create_subscription(BOX, MESSENGER, owner, {"url": URL, "events": ["*"]})).subscription
    assert made.created_by == owner.account_id and made.paywall_id == snapshot.paywall_id
    for step in (
        create_subscription(BOX, MESSENGER, operator, {"url": URL, "events": ["*"]}),
        change_subscription(BOX, MESSENGER, operator, made.id, {"description": "x"}),
        rotate_secret(BOX, operator, made.id, {}),
        deactivate_subscription(operator, made.id),
        send_test_event(operator, made.id, "paywall.archived"),
        replay_delivery(operator, "whd_x"),
    ):
        with pytest.raises(NotAllowed):
            await step
    with db.transaction(writes=False) as session:
        logged = read_changes(session, snapshot.paywall_id, 9)
    assert [(each.what["step"], each.made_by) for each in logged] == [("made", owner.account_id)]


@pytest.mark.usefixtures("database")
async def test_a_test_event_goes_to_one_subscription_whatever_it_asked_for_and_says_what_it_is() -> None:
    snapshot = make_snapshot()
    owner, other = owner_of(snapshot.paywall_id), make_snapshot()
    one = (await subscribe(snapshot, URL, "proxy.*")).subscription
    await subscribe(snapshot, URL + "2")
    sent = await send_test_event(owner, one.id, "paywall.refund.created")
    again = await send_test_event(owner, one.id, "paywall.refund.created")
    assert (sent.subscription_id, sent.event.type, sent.event.data["test"]) == (one.id, "paywall.refund.created", True)
    assert sent.id != again.id and sent.attempts == 0
    await fan_out("here")
    assert {entry.id for entry in log_of(snapshot)} == {sent.id, again.id}
    assert (await replay_delivery(owner, sent.id)).replay_of == sent.id
    for who, id_, type_, error in (
        (owner, one.id, "paywall.made.up", BadField), (owner, "whs_none", "paywall.archived", NotFound),
        (other, one.id, "paywall.archived", NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            await send_test_event(who, id_, type_)
    await deactivate_subscription(owner, one.id)
    with pytest.raises(BadField, match="paused"):
        await send_test_event(owner, one.id, "paywall.archived")
