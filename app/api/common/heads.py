"""What the head of a request may say: whatever decides something stands there once.

Two readers of a header or of a parameter that stands twice could see two requests: which of them was meant, nobody
knows (CWE-444), so neither is taken.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from app.domain.errors import BadField

Headers = Iterable[tuple[bytes, bytes]]

_ONCE = frozenset({
    b"authorization", b"content-encoding", b"content-length", b"content-type", b"host", b"idempotency-key", b"origin",
    b"sec-fetch-site", b"transfer-encoding", b"x-request-id",
})  # fmt: skip
"""Headers that decide who asks, for whom, and where the body ends, beside all of X-Paywall-*."""
_OURS = b"x-paywall-"


def check_headers(headers: Headers) -> None:
    """Raises BadField if a header that counts once comes with two values; the same value twice says one thing."""
    seen: dict[bytes, bytes] = {}
    for name, value in headers:
        if (name in _ONCE or name.startswith(_OURS)) and seen.setdefault(name, value) != value:
            shown = name.decode("latin-1").title()
            raise BadField(shown, f"The header `{shown}` comes twice, with two values.", "repeated_header")


def check_query(query: bytes) -> None:
    """Raises BadField if a parameter comes with two values."""
    seen: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if seen.setdefault(name, value) != value:
            shown = name if name.isprintable() and len(name) <= 40 else "?"
            raise BadField(shown, f"The parameter `{shown}` stands twice in the URL, with two values.",
                           "repeated_parameter")  # fmt: skip
