"""The catalogue: every event that a webhook can be told of, with its fields.

The first 27 are the seed's, by its names and fields (`specs/paywalls-openapi.json`); the rest are ours. A field
that is an amount is a decimal string. Every event's data also has `paywallId` and `ownerUserId`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.errors import BadField

VERSION = "2026-11-01"
"""The version of our payloads, as in `X-Paywall-Event: type@version`."""

PREFIX = "paywall."
PATTERNS_MAX = 50


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of event: when it comes, the seed's fields of its data, and ours beside them.

    `is_made` is false for what this product does not do yet; it can be subscribed to all the same.
    """

    name: str
    when: str
    fields: tuple[str, ...]
    ours: tuple[str, ...] = ()
    is_made: bool = True
    is_of_seed: bool = True


_USER = ("externalUserId",)
_MONEY = ("externalUserId", "currency")

UPDATED = "paywall.updated"
ARCHIVED = "paywall.archived"
ROTATED = "paywall.secret.rotated"
AUTHORIZATION_REQUESTED = "paywall.authorization.requested"
AUTHORIZATION_COMPLETED = "paywall.authorization.completed"
AUTHORIZATION_REVOKED = "paywall.authorization.revoked"
AUTHORIZATION_DECLINED = "paywall.authorization.declined"
DEPOSIT_CREATED = "paywall.balance.deposit.created"
TOPUP_LINK_CREATED = "paywall.balance.topup.link.created"
TRIAL_GRANTED = "paywall.balance.trial.granted"
CHARGE_CREATED = "paywall.balance.charge.created"
CHARGE_COMPLETED = "paywall.balance.charge.completed"
CHARGE_FAILED = "paywall.balance.charge.failed"
USAGE_CHARGE_CREATED = "paywall.usage.charge.created"
USAGE_CHARGE_DEFERRED = "paywall.usage.charge.deferred"
RATE_LIMITED = "paywall.usage.rate.limited"
BALANCE_DEPLETED = "paywall.balance.depleted"
REQUEST_BLOCKED = "paywall.request.blocked"
PROXY_STARTED = "paywall.proxy.request.started"
PROXY_COMPLETED = "paywall.proxy.request.completed"
PROXY_FAILED = "paywall.proxy.request.failed"
PROXY_CANCELED = "paywall.proxy.request.canceled"
PROXY_BLOCKED = "paywall.proxy.request.blocked"
USER_CREATED = "paywall.user.created"
CHECKOUT_COMPLETED = "paywall.stripe.checkout.session.completed"
INTEGRATION_CONNECTED = "paywall.integration.connected"
INTEGRATION_DISCONNECTED = "paywall.integration.disconnected"
STRIPE_WEBHOOK_ROTATED = "paywall.integration.stripe.webhook.rotated"
REFUND_CREATED = "paywall.refund.created"
DISPUTE_CREATED = "paywall.dispute.created"
DISPUTE_CLOSED = "paywall.dispute.closed"
AUTO_TOPUP_COMPLETED = "paywall.auto.topup.completed"
AUTO_TOPUP_FAILED = "paywall.auto.topup.failed"
ALERT_RAISED = "paywall.alert.raised"
PAYOUT_REQUESTED = "paywall.payout.requested"
PAYOUT_COMPLETED = "paywall.payout.completed"
PAYOUT_FAILED = "paywall.payout.failed"

_PROXY = ("requestId", "walletUserId", "model")
_PROXY_OURS = ("externalUserId", "clientRequestId", "streamed")
_PROXY_END = (*_PROXY_OURS, "status", "tokens", "charge", "currency")

_SEED = (
    EventType(UPDATED, "the paywall's settings changed", ("changedFields", "summarySections"), ("configVersion",)),
    EventType(ARCHIVED, "the paywall was archived", ("reason",)),
    EventType(ROTATED, "a new key of the paywall was made, which may replace an older one",
              ("secretLastFour", "actorId", "actorType"), ("keyId",)),
    EventType(INTEGRATION_CONNECTED, "an integration was switched on", ("integrationKey", "enabledBy")),
    EventType(INTEGRATION_DISCONNECTED, "an integration was switched off", ("integrationKey", "disabledBy")),
    EventType(STRIPE_WEBHOOK_ROTATED, "the Stripe endpoint was made anew", ("webhookId", "url", "secretSuffix")),
    EventType(AUTHORIZATION_REQUESTED, "a user was given a link to authorize the app",
              ("externalUserId", "walletUserId", "requestId", "approvalUrl", "mode")),
    EventType(AUTHORIZATION_COMPLETED, "a user authorized the app",
              ("externalUserId", "walletUserId", "connectionId")),
    EventType(AUTHORIZATION_REVOKED, "an authorization ended, by its user or by the app",
              ("externalUserId", "walletUserId"), ("connectionId", "revokedBy")),
    EventType(AUTHORIZATION_DECLINED, "a user declined to authorize the app",
              ("externalUserId", "walletUserId", "requestId", "reason")),
    EventType(DEPOSIT_CREATED, "money was put into a user's wallet, by the app or by a payment",
              ("walletUserId", "externalUserId", "amount", "currency", "source", "activityId"), ("metadata",)),
    EventType(TOPUP_LINK_CREATED, "a user was given a link to add funds",
              ("walletUserId", "redirectUrl", "checkoutSessionId"), _USER),
    EventType(TRIAL_GRANTED, "a user who authorized the app was given money to try with",
              ("walletUserId", "credits", "activityId"), (*_MONEY, "amount")),
    EventType(CHARGE_CREATED, "a manual charge was made",
              ("walletUserId", "activityId", "amount", "processingFeeAmount"),
              (*_MONEY, "requestId", "metadata")),
    EventType(CHARGE_COMPLETED, "a manual charge is settled; at once, here",
              ("walletUserId", "activityId", "settlementReference"), (*_USER, "requestId")),
    EventType(CHARGE_FAILED, "a manual charge was refused", ("walletUserId", "activityId", "amount", "errorCode"),
              _MONEY),
    EventType(USAGE_CHARGE_CREATED, "a request was charged",
              ("walletUserId", "activityId", "model", "promptTokens", "completionTokens", "cost"),
              (*_MONEY, "requestId", "estimated", "split")),
    EventType(USAGE_CHARGE_DEFERRED, "a streamed request began, and is charged at its end",
              ("deferredRequestId", "model"), ("externalUserId", "walletUserId")),
    EventType(RATE_LIMITED, "a request hit a limit of the developer's", ("limit", "date", "model", "walletUserId"),
              (*_USER, "code", "requestId", "retryAfterSeconds")),
    EventType(BALANCE_DEPLETED, "a wallet could not pay for a request or a charge",
              ("walletUserId", "requestedAmount", "availableBalance"), (*_MONEY, "requestId")),
    EventType(REQUEST_BLOCKED, "a user was asked for something instead of an answer",
              ("walletUserId", "reason", "requestId"), (*_USER, "model")),
    EventType(CHECKOUT_COMPLETED, "a Stripe checkout was paid",
              ("checkoutSessionId", "amount", "currency", "walletUserId"), _USER),
    EventType(PROXY_STARTED, "a request began: its money is held", _PROXY, _PROXY_OURS),
    EventType(PROXY_COMPLETED, "a request was answered", _PROXY, _PROXY_END),
    EventType(PROXY_FAILED, "a request failed", (*_PROXY, "errorCode"), _PROXY_END),
    EventType(PROXY_CANCELED, "the client went away before the answer's end", _PROXY, _PROXY_END),
    EventType(PROXY_BLOCKED, "a request was refused: a blocked user, a frozen wallet, a limit",
              ("requestId", "walletUserId", "reason"), (*_USER, "model")),
)  # fmt: skip

_MADE = (
    USER_CREATED,
    REFUND_CREATED,
    DISPUTE_CREATED,
    DISPUTE_CLOSED,
    AUTO_TOPUP_COMPLETED,
    AUTO_TOPUP_FAILED,
    ALERT_RAISED,
    PAYOUT_REQUESTED,
    PAYOUT_COMPLETED,
    PAYOUT_FAILED,
)
_OURS = tuple(
    EventType(name, when, fields, is_made=name in _MADE, is_of_seed=False)
    for name, when, fields in (
        (USER_CREATED, "a user got a wallet here for the first time", ("walletUserId", "externalUserId")),
        (REFUND_CREATED, "a payment was given back", ("walletUserId", "externalUserId", "amount", "currency",
                                                               "refundId")),
        (DISPUTE_CREATED, "a payment is disputed", ("walletUserId", "externalUserId", "amount", "currency",
                                                             "disputeId")),
        (DISPUTE_CLOSED, "a dispute was decided", ("walletUserId", "externalUserId", "amount", "currency",
                                                            "disputeId", "outcome")),
        (PAYOUT_REQUESTED, "earnings are to be paid out", ("payoutId", "amount", "currency", "address")),
        (PAYOUT_COMPLETED, "earnings were paid out", ("payoutId", "amount", "currency", "address",
                                                               "transaction")),
        (PAYOUT_FAILED, "a payout came back", ("payoutId", "amount", "currency", "address", "errorCode")),
        (AUTO_TOPUP_COMPLETED, "a wallet was filled by itself", ("walletUserId", "externalUserId", "amount",
                                                                          "currency", "activityId")),
        (ALERT_RAISED, "something needs the developer", ("alertId", "kind", "about", "threshold", "period", "title",
                                                         "detail")),
        (AUTO_TOPUP_FAILED, "a wallet could not be filled by itself", ("walletUserId", "externalUserId",
                                                                                "amount", "currency", "errorCode")),
    )
)  # fmt: skip

EVENTS: Mapping[str, EventType] = {event.name: event for event in (*_SEED, *_OURS)}


def matches(patterns: Iterable[str], name: str) -> bool:
    """Tells whether a subscription to these patterns is told of an event: `*`, a name, or a prefix such as `proxy.*`.

    A prefix may leave out the `paywall.` that all names begin with.
    """
    return any(pattern == name or (pattern.endswith("*") and _has_prefix(pattern, name)) for pattern in patterns)


def _has_prefix(pattern: str, name: str) -> bool:
    return pattern == "*" or name.startswith((pattern[:-1], PREFIX + pattern[:-1]))


def check_patterns(value: object) -> Sequence[str]:
    """Returns patterns, each once. Raises BadField for what names no event."""
    if not isinstance(value, list) or not 1 <= len(value) <= PATTERNS_MAX:
        raise BadField("events", f'`events` must be a list of 1 to {PATTERNS_MAX} event names, or ["*"].')
    for pattern in value:
        is_pattern = isinstance(pattern, str) and (pattern in EVENTS or pattern == "*" or pattern.endswith(".*"))
        if not is_pattern or not any(matches([pattern], name) for name in EVENTS):
            raise BadField("events", f"`events`: {str(pattern)[:80]!r} names no event; use a name, `proxy.*` or `*`.")
    return list(dict.fromkeys(value))
