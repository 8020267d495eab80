"""One message of a webhook: what is posted, and what the answer, or its absence, means for the delivery."""

import json
from typing import Any

from app.domain import clock
from app.domain.errors import CoinslotError
from app.domain.events.deliveries import RETRY_AFTER_SECONDS_MAX, Claimed, Outcome
from app.domain.events.made import EventUnwritable, encode
from app.domain.events.subscriptions import Endpoint, context
from app.each_alone import Failed
from app.formats.retry_after import seconds_of
from app.ports.seal import Sealer
from app.ports.webhooks import Message, Posted

OUR_FAULT = "Something went wrong on our side."


def message_of(sealer: Sealer, claimed: Claimed, endpoint: Endpoint) -> Message:
    """Returns what is posted. Raises EventUnwritable, and SealBroken for a secret that we can no longer open."""
    event, sealed_for = claimed.event, context(endpoint.id)
    headers: dict[str, Any] = {}
    if endpoint.headers_sealed is not None:
        headers = json.loads(sealer.open(endpoint.headers_sealed, sealed_for))
    return Message(
        event.id,
        endpoint.url,
        encode(event, "pending", claimed.attempts + 1),
        [sealer.open(secret, sealed_for) for secret in endpoint.secrets_sealed],
        {**headers, "X-Paywall-Event": f"{event.type}@{event.version}"},
        clock.now() // clock.SECOND,
    )


def outcome_of(posted: Posted | Failed, latency_ms: int) -> Outcome:
    """Returns how an attempt went; one of ours that failed is tried again unless no try can ever succeed."""
    if isinstance(posted, Posted):
        wait = seconds_of(posted.retry_after, clock.now() // clock.SECOND, RETRY_AFTER_SECONDS_MAX)
        return Outcome(posted.code, latency_ms, posted.error, wait, said=posted.said)
    if isinstance(posted.error, EventUnwritable):
        return Outcome(None, latency_ms, posted.error.message, is_ours=True, is_final=True)
    if isinstance(posted.error, CoinslotError):
        return Outcome(None, latency_ms, posted.error.message)
    return Outcome(None, latency_ms, OUR_FAULT, is_ours=True)
