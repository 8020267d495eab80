"""The sandbox's payments: a checkout of our own, without a database. Everything that it knows is in its ids.

An id is a signed list of values, and each list has exactly one id: a payment that is posted under its
id can come twice under that id only.
"""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain.errors import LinkInvalid, NotFound
from app.domain.money import CENT_NANOS
from app.ports.payments import Checkout, Marks, Order, Payment, PaymentStatus, RefundState, SandboxSession

_SIGNATURE_BYTES = 16
_CHECKOUT = "sbc_"
_PAYMENT = "sbp_"
_FORM = 2
"""The first value of a list as it is written now; the lists before began with the top-up and had nanos for cents."""

_NOT_OURS = "This checkout link is not one of ours. Go back to the app and ask it again."
_EXPIRED = "This checkout has expired, and nothing was charged. Go back to your wallet and begin again."


@dataclass(frozen=True, slots=True)
class _Checkout:
    """What a checkout's id holds; `is_old` is one in the form from before."""

    marks: Marks
    currency: str
    description: str
    return_url: str
    expires_at: int | None
    is_old: bool


class SandboxRail:
    """The SandboxCheckouts of sandbox paywalls. No money moves; `Payment.is_live` is always False.

    `now` tells the time in microseconds.
    """

    name = "sandbox"
    connection_id = "sandbox"

    def __init__(self, secret: bytes, now: Callable[[], int]) -> None:
        self._key = hmac.digest(secret, b"coinslot sandbox rail v1", "sha256")
        self._now = now

    async def create_checkout(self, order: Order) -> Checkout:
        """Returns the page for exactly these values; nothing is stored, so asking again gives the same."""
        values = [_FORM, *_written(order.marks), order.currency, order.description, order.return_url, order.expires_at]
        token = self._sign(_CHECKOUT, values)
        return Checkout(id=token, url=f"/sandbox/checkout/{token}/")

    def open(self, token: str) -> SandboxSession:
        """Returns what a checkout id holds. Raises LinkInvalid for one that we did not make."""
        found = self._read_checkout(token)
        if found is None:
            raise LinkInvalid(_NOT_OURS)
        return SandboxSession(found.marks.topup_id, found.marks.paid_cents, found.currency, found.description,
                              found.return_url, found.expires_at)  # fmt: skip

    def payment_id(self, token: str, outcome: PaymentStatus) -> str:
        """Returns the id of the payment that a checkout ends in. Raises LinkInvalid.

        A checkout in the form from before ends in a payment of that form, which is known by its id if it came already.
        """
        found = self._read_checkout(token)
        if found is None:
            raise LinkInvalid(_NOT_OURS)
        if found.expires_at is not None and found.expires_at <= self._now():
            raise LinkInvalid(_EXPIRED, "link_expired")
        marks, currency = found.marks, found.currency
        if found.is_old:
            return self._sign(_PAYMENT, [marks.topup_id, marks.paid_cents * CENT_NANOS, currency, outcome])
        return self._sign(_PAYMENT, [_FORM, *_written(marks), currency, outcome])

    async def read_payment(self, object_id: str) -> Payment:
        """Returns what the id of a payment or a checkout holds. Raises NotFound for one that we did not make."""
        if (checkout := self._read_checkout(object_id)) is not None:
            is_over = checkout.expires_at is not None and checkout.expires_at <= self._now()
            status = PaymentStatus.EXPIRED if is_over else PaymentStatus.UNPAID
            return Payment(object_id, checkout.marks, status, 0, checkout.currency, is_live=False)
        values = self._verify(_PAYMENT, object_id)
        if values is None:
            raise NotFound("The sandbox knows no such payment.")
        *marked, currency, status = values
        marks = _marks_of(marked)
        return Payment(object_id, marks, PaymentStatus(status), marks.paid_cents, currency, is_live=False)

    async def refund(
        self, *, refund_id: str, payment_id: str, paid_cents: int, currency: str, is_whole: bool = True
    ) -> RefundState:
        """Gives a payment of play money back at once. Raises NotFound for one that we did not make."""
        if self._verify(_PAYMENT, payment_id) is None:
            raise NotFound("The sandbox knows no such payment.")
        return RefundState.SUCCEEDED

    def _read_checkout(self, token: str) -> _Checkout | None:
        values = self._verify(_CHECKOUT, token)
        if values is None:
            return None
        if values[0] == _FORM:
            *marked, currency, description, return_url, expires_at = values
            return _Checkout(_marks_of(marked), currency, description, return_url, expires_at, is_old=False)
        *marked, currency, description, return_url = values
        return _Checkout(_marks_of(marked), currency, description, return_url, None, is_old=True)

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


def _written(marks: Marks) -> list[str | int]:
    return [marks.instance, marks.topup_id, marks.account_id, marks.paid_cents, marks.credited_nanos]


def _marks_of(values: list[Any]) -> Marks:
    """Reads the marks that a list begins with, in either form."""
    if values[0] == _FORM:
        return Marks(*values[1:])
    topup_id, nanos = values
    return Marks("", topup_id, "", nanos // CENT_NANOS, 0)
