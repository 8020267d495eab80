"""Names that hold what they are of, signed: the sandbox keeps nothing, so that everything it knows stands in them."""

import base64
import hmac
import json
from typing import Any

from app.ports.payments import Marks, TopupKind

_SIGNATURE_BYTES = 16
FORM = 2
"""The first value of a list with a checkout's marks; lists before began with the top-up and had nanos for cents."""
CARD_FORM = 3
"""The first value of a list with marks of a card's charge: kind, month and number are among them."""
SAVING_FORM = 4
"""The first value of a list whose second one is the customer that the card is kept for; the rest is as without."""
CARD = "sbm_"
"""What names of saved cards begin with; they hold the customer, and how the card behaves."""


class Tokens:
    """Signs lists of values, and reads them back; each list has exactly one name under each prefix."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"coinslot sandbox rail v1", "sha256")

    def sign(self, prefix: str, values: list[str | int]) -> str:
        """Returns the name of a list of values."""
        return self._id_of(prefix, json.dumps(values, separators=(",", ":")).encode())

    def read(self, prefix: str, token: str) -> list[Any] | None:
        """Returns the values of a name, or None unless it is the very one that `sign` makes of them.

        Comparing whole names, rather than signatures, leaves no second spelling of the same base64.
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

    def _id_of(self, prefix: str, content: bytes) -> str:
        signature = hmac.digest(self._key, prefix.encode() + content, "sha256")[:_SIGNATURE_BYTES]
        return prefix + base64.urlsafe_b64encode(signature + content).decode().rstrip("=")


def written(marks: Marks) -> list[str | int]:
    """Returns marks as values, which `marks_of` reads back."""
    values: list[str | int] = [FORM, marks.instance, marks.topup_id, marks.account_id, marks.paid_cents,
                               marks.credited_nanos]  # fmt: skip
    if marks.kind is TopupKind.CHECKOUT:
        return values
    return [CARD_FORM, *values[1:], marks.kind.value, marks.month, marks.n]


def marks_of(values: list[Any]) -> Marks:
    """Reads the marks that a list in a form of now begins with."""
    if values[0] == CARD_FORM:
        instance, topup_id, account_id, paid_cents, credited_nanos, kind, month, n = values[1:9]
        return Marks(instance, topup_id, account_id, paid_cents, credited_nanos, TopupKind(kind), month, n)
    return Marks(*values[1:6])
