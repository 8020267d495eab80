"""Webhooks: subscriptions, the log of their deliveries, replays. Paths and fields are the seed's, ours beside them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from app import db, wiring
from app.api.common.dependencies import Caller, SettingsBody
from app.domain import clock
from app.domain.events import deliveries, subscriptions
from app.domain.events.catalogue import EVENTS
from app.domain.events.deliveries import LogEntry
from app.domain.events.made import body_shown
from app.domain.events.subscriptions import SubscriptionView
from app.domain.events.tables import DeliveryStatus, EndedBy
from app.flows.paywalls import webhooks

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

Word = Annotated[str | None, Query(pattern="^[!-~]*$", max_length=100)]
HIDDEN = "***"
"""Stands for the value of a header, which may be a secret."""


class Subscription(BaseModel):
    """An endpoint. `secret` is there only in the answer that made it; `customHeaders` show no values."""

    id: str
    paywallId: str
    url: str
    events: list[str]
    isActive: bool
    description: str | None = None
    customHeaders: dict[str, str]
    createdAt: str
    updatedAt: str
    createdBy: str | None = None
    consecutiveFailures: int
    lastDeliveredAt: str | None = None
    secretSuffix: str
    secret: str | None = None
    deactivatedBy: EndedBy | None = None
    previousSecretUntil: str | None = None


class SubscriptionAnswer(BaseModel):
    subscription: Subscription


class SubscriptionsAnswer(BaseModel):
    subscriptions: list[Subscription]


class DeactivatedAnswer(BaseModel):
    deactivated: bool
    subscription: Subscription


class CreateBody(BaseModel):
    """`events` are names, prefixes such as `proxy.*`, or `*`; `secret` is `whsec_` and base64, ours if left out."""

    url: str
    events: list[str]
    description: str | None = None
    customHeaders: dict[str, str] | None = None
    secret: str | None = None


class ChangeBody(BaseModel):
    """What is named is changed; `customHeaders` are replaced as a whole."""

    url: str | None = None
    events: list[str] | None = None
    description: str | None = None
    customHeaders: dict[str, str] | None = None
    isActive: bool | None = None


class RotateBody(BaseModel):
    """For `overlapSeconds`, a day if left out, deliveries are signed with the old secret too."""

    secret: str | None = None
    overlapSeconds: int | None = Field(None, ge=0)


class Log(BaseModel):
    """A delivery, with its event as it is sent."""

    id: str
    subscriptionId: str
    status: DeliveryStatus
    attempts: int
    lastAttemptAt: str | None = None
    nextRetryAt: str | None = None
    responseCode: int | None = None
    responseLatencyMs: int | None = None
    error: str | None = None
    replayOf: str | None = None
    createdAt: str
    updatedAt: str
    event: dict[str, Any]


class LogsAnswer(BaseModel):
    """`before` asks for the next page; it is not there on the last one."""

    logs: list[Log]
    before: str | None = None


class LogAnswer(BaseModel):
    log: Log


class EventTypeAnswer(BaseModel):
    """`fields` are those of `data`; `isMade` is false for what this instance does not do yet."""

    type: str
    when: str
    fields: list[str]
    isMade: bool


class EventTypesAnswer(BaseModel):
    events: list[EventTypeAnswer]


def takes(body: type[BaseModel]) -> dict[str, Any]:
    """Says in the document what a body holds; the flows check it, in words that name the field."""
    schema = {"application/json": {"schema": body.model_json_schema()}}
    return {"requestBody": {"required": True, "content": schema}}


@router.get("/events")
async def get_events(_caller: Caller) -> EventTypesAnswer:
    """Returns the catalogue of events."""
    rows = [EventTypeAnswer(type=event.name, when=event.when, isMade=event.is_made,
                            fields=["paywallId", "ownerUserId", *event.fields, *event.ours])
            for event in EVENTS.values()]  # fmt: skip
    return EventTypesAnswer(events=rows)


@router.get("/subscriptions", response_model_exclude_none=True)
async def get_subscriptions(
    caller: Caller, status: Annotated[Literal["active", "inactive"] | None, Query()] = None
) -> SubscriptionsAnswer:
    """Returns the paywall's subscriptions, the newest first."""
    is_active = None if status is None else status == "active"
    found = await db.in_transaction(
        lambda session: subscriptions.list_of(session, caller.paywall_id, is_active=is_active)
    )
    return SubscriptionsAnswer(subscriptions=[_shown(view) for view in found])


@router.post("/subscriptions", status_code=201, response_model_exclude_none=True, openapi_extra=takes(CreateBody))
async def post_subscription(caller: Caller, body: SettingsBody) -> SubscriptionAnswer:
    """Subscribes an endpoint to events; its secret is shown here and never again."""
    wired = wiring.get()
    made = await webhooks.create_subscription(wired.box, wired.messenger, caller, body)
    return SubscriptionAnswer(subscription=_shown(made.subscription, made.secret))


@router.get("/subscriptions/{subscription_id}", response_model_exclude_none=True)
async def get_subscription(caller: Caller, subscription_id: str) -> SubscriptionAnswer:
    """Returns a subscription; 404 for another paywall's."""
    view = await db.in_transaction(lambda session: subscriptions.read(session, caller.paywall_id, subscription_id))
    return SubscriptionAnswer(subscription=_shown(view))


@router.patch("/subscriptions/{subscription_id}", response_model_exclude_none=True, openapi_extra=takes(ChangeBody))
async def patch_subscription(caller: Caller, subscription_id: str, body: SettingsBody) -> SubscriptionAnswer:
    """Changes a subscription, or makes it active or inactive."""
    wired = wiring.get()
    view = await webhooks.change_subscription(wired.box, wired.messenger, caller, subscription_id, body)
    return SubscriptionAnswer(subscription=_shown(view))


@router.delete("/subscriptions/{subscription_id}", response_model_exclude_none=True)
async def delete_subscription(caller: Caller, subscription_id: str) -> DeactivatedAnswer:
    """Makes a subscription inactive; what waits for it is not delivered any more."""
    view = await webhooks.deactivate_subscription(caller, subscription_id)
    return DeactivatedAnswer(deactivated=True, subscription=_shown(view))


@router.post(
    "/subscriptions/{subscription_id}/rotate", response_model_exclude_none=True, openapi_extra=takes(RotateBody)
)
async def post_rotate(caller: Caller, subscription_id: str, body: SettingsBody) -> SubscriptionAnswer:
    """Gives a subscription a new secret, shown here and never again; for a while both sign."""
    made = await webhooks.rotate_secret(wiring.get().box, caller, subscription_id, body)
    return SubscriptionAnswer(subscription=_shown(made.subscription, made.secret))


@router.get("/logs", response_model_exclude_none=True)
async def get_logs(
    caller: Caller,
    subscriptionId: Word = None,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    eventType: Word = None,
    before: Word = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> LogsAnswer:
    """Returns deliveries, the newest first."""
    found = await db.in_transaction(
        lambda session: deliveries.list_log(
            session, caller.paywall_id, subscription_id=subscriptionId, status=status, event_type=eventType,
            before=before, limit=limit,
        )
    )  # fmt: skip
    logs = [_logged(entry) for entry in found]
    return LogsAnswer(logs=logs, before=logs[-1].id if len(logs) == limit else None)


@router.post("/logs/{delivery_id}/replay", status_code=201, response_model_exclude_none=True)
async def post_replay(caller: Caller, delivery_id: str) -> LogAnswer:
    """Sends an event to its subscription again, under the same `webhook-id`; 404 for another paywall's."""
    return LogAnswer(log=_logged(await webhooks.replay_delivery(caller, delivery_id)))


def _shown(view: SubscriptionView, secret: str | None = None) -> Subscription:
    return Subscription(
        id=view.id,
        paywallId=view.paywall_id,
        url=view.url,
        events=list(view.events),
        isActive=view.is_active,
        description=view.description,
        customHeaders=dict.fromkeys(view.header_names, HIDDEN),
        createdAt=clock.to_iso(view.created_at),
        updatedAt=clock.to_iso(view.updated_at),
        createdBy=view.created_by,
        consecutiveFailures=view.consecutive_failures,
        lastDeliveredAt=_iso(view.last_delivered_at),
        secretSuffix=view.secret_suffix,
        secret=secret,
        deactivatedBy=view.ended_by,
        previousSecretUntil=_iso(view.previous_until),
    )


def _logged(entry: LogEntry) -> Log:
    return Log(
        id=entry.id,
        subscriptionId=entry.subscription_id,
        status=entry.status,
        attempts=entry.attempts,
        lastAttemptAt=_iso(entry.last_attempt_at),
        nextRetryAt=_iso(entry.next_attempt_at),
        responseCode=entry.response_code,
        responseLatencyMs=entry.response_latency_ms,
        error=entry.error,
        replayOf=entry.replay_of,
        createdAt=clock.to_iso(entry.created_at),
        updatedAt=clock.to_iso(entry.updated_at),
        event=body_shown(entry.event, entry.status, entry.attempts),
    )


def _iso(at: int | None) -> str | None:
    return None if at is None else clock.to_iso(at)
