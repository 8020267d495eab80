"""The sandbox's payments: a checkout of our own, without a database. Everything that it knows is in its ids.

An id is a signed list of values, and each list has exactly one id: a payment that is posted under its
id can come twice under that id only.
"""

import base64
import hmac
import json
from typing import Any

from app.domain.errors import LinkInvalid, NotFound
from app.ports.payments import Checkout, Payment, PaymentStatus, SandboxSession

_SIGNATURE_BYTES = 16
_CHECKOUT = "sbc_"
_PAYMENT = "sbp_"


class SandboxRail:
    """The SandboxCheckouts of sandbox paywalls. No money moves; `Payment.is_live` is always False."""

    name = "sandbox"

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"coinslot sandbox rail v1", "sha256")

    async def create_checkout(
        self, *, topup_id: str, amount_nanos: int, currency: str, description: str, return_url: str
    ) -> Checkout:
        """Returns the page for exactly these values; nothing is stored, so asking again gives the same."""
        token = self._sign(_CHECKOUT, [topup_id, amount_nanos, currency, description, return_url])
        return Checkout(id=token, url=f"/sandbox/checkout/{token}/")

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that we did not make."""
        values = self._verify(_CHECKOUT, token)
        if values is None:
            raise LinkInvalid("This checkout link is not one of ours. Go back to the app and ask it again.")
        return SandboxSession(*values)

    def payment_id(self, token: str, outcome: PaymentStatus) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid."""
        session = self.open(token)
        return self._sign(_PAYMENT, [session.topup_id, session.amount_nanos, session.currency, outcome])

    async def read_payment(self, payment_id: str) -> Payment:
        """Returns what a payment id holds. Raises NotFound for one that we did not make."""
        values = self._verify(_PAYMENT, payment_id)
        if values is None:
            raise NotFound("The sandbox knows no such payment.")
        topup_id, amount_nanos, currency, status = values
        return Payment(payment_id, topup_id, PaymentStatus(status), amount_nanos, currency, is_live=False)

    def _sign(self, prefix: str, values: list[str | int]) -> str:
        return self._id_of(prefix, json.dumps(values, separators=(",", ":")).encode())

    def _id_of(self, prefix: str, content: bytes) -> str:
        signature = hmac.digest(self._key, prefix.encode() + content, "sha256")[:_SIGNATURE_BYTES]
        return prefix + base64.urlsafe_b64encode(signature + content).decode().rstrip("=")

    def _verify(self, prefix: str, token: str) -> list[Any] | None:
        """Returns the values of an id, or None unless it is the very one that `_id_of` makes of its content.

        Comparing whole ids, rather than signatures, leaves no second spelling of the same base64.
        """
        body = token.removeprefix(prefix)
        try:
            content = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))[_SIGNATURE_BYTES:]
        except ValueError:
            return None
        expected = self._id_of(prefix, content)
        if not hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace")):
            return None
        values: list[Any] = json.loads(content)
        return values
