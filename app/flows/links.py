"""Links: signed, minted without a write, for one purpose and a time (`decisions.md` 24).

In default mode a top-up link is the credential for the one app wallet that it names.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from typing import Any

from app import settings
from app.domain import clock
from app.domain.errors import LinkInvalid

TOPUP_SECONDS = 24 * 3600
_SIGNATURE_BYTES = 16
_ASK_AGAIN = "Ask the app for a new link."


@dataclass(frozen=True, slots=True)
class TopupLink:
    """What a top-up link names: one app wallet, where to go afterwards, and until when (microseconds)."""

    paywall_id: str
    user: str
    return_url: str | None
    state: str | None
    amount_nanos: int | None
    expires_at: int


def mint_topup(
    paywall_id: str,
    user: str,
    *,
    return_url: str | None = None,
    state: str | None = None,
    amount_nanos: int | None = None,
) -> str:
    """Returns a new top-up link's token, good for 24 hours."""
    expires_at = clock.now() + TOPUP_SECONDS * clock.SECOND
    return _mint("topup", [paywall_id, user, return_url, state, amount_nanos, expires_at])


def topup_url(base_url: str, token: str) -> str:
    """Returns the address of a top-up page."""
    return f"{base_url}/topup/{token}/"


def open_topup(token: str) -> TopupLink:
    """Returns what a top-up link names. Raises LinkInvalid if it is forged, expired or of another purpose."""
    link = TopupLink(*_open("topup", token))
    if link.expires_at < clock.now():
        raise LinkInvalid(f"This link has expired. {_ASK_AGAIN}", "link_expired")
    return link


def _mint(purpose: str, values: list[Any]) -> str:
    body = base64.urlsafe_b64encode(json.dumps([purpose, *values], separators=(",", ":")).encode()).rstrip(b"=")
    return f"{body.decode()}.{_signature(settings.get().secrets[0], body)}"


def _open(purpose: str, token: str) -> list[Any]:
    """Returns a token's values once its signature, by any of our secrets, and its purpose are right."""
    body, _, signature = token.partition(".")
    if not token.isascii() or not any(
        hmac.compare_digest(signature, _signature(secret, body.encode())) for secret in settings.get().secrets
    ):
        raise LinkInvalid(f"This link is not one of ours. {_ASK_AGAIN}")
    values: list[Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if values[0] != purpose:
        raise LinkInvalid(f"This link is for something else. {_ASK_AGAIN}")
    return values[1:]


def _signature(secret: bytes, body: bytes) -> str:
    digest = hmac.digest(hmac.digest(secret, b"links", "sha256"), body, "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
