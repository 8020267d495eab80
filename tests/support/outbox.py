"""Subscriptions and events as rows, without a flow."""

from app import db
from app.domain.events import outbox, subscriptions
from app.domain.events.made import make


def subscribe(paywall_id: str, *events: str) -> str:
    """Writes a subscription, to everything unless `events` say otherwise, and returns its id."""
    with db.transaction() as session:
        row = subscriptions.make_row(paywall_id, "https://app.example/", events or ["*"],
                                     id=subscriptions.new_subscription_id(), header_names=[], secret_sealed="x",
                                     secret_suffix="x")  # fmt: skip
        return subscriptions.add(session, row).id


def happen(paywall_id: str, count: int) -> None:
    """Records so many events, and fans them out."""
    with db.transaction() as session:
        outbox.record(session, [make(paywall_id, "paywall.updated", str(number), {}) for number in range(count)])
        outbox.fan_out(session, 100)
