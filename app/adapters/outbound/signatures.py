"""Signatures of what is sent to developers: Standard Webhooks, over id, time and body (standardwebhooks.com)."""

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed_headers(secrets: Sequence[str], message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """Returns the headers that let a receiver verify a body; one signature for each secret (`whsec_…`).

    `seconds` since 1970 are when it is sent; receivers refuse what is more than five minutes away from their clock.
    """
    at = datetime.fromtimestamp(seconds, UTC)
    signatures = [Webhook(secret).sign(message_id, at, body.decode()) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(signatures),
    }
