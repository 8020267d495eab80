"""Headers of whatever a browser may show: where its parts come from, who may frame it, what it tells others.

A browser that keeps to them loads and asks nothing of another host: https://www.w3.org/TR/CSP3/.
"""

from collections.abc import Iterable
from functools import lru_cache

Header = tuple[bytes, bytes]

OWN_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For answers of the API and files: should a browser ever be made to show one, nothing of another host is loaded."""
_YEAR_SECONDS = 31_536_000


def may_be_page(headers: Iterable[Header]) -> bool:
    """Tells whether an answer with these headers is HTML, or does not say what it is.

    A 304 does not, and a browser takes its headers for those of the page that it has kept (RFC 9111, 4.3.4).
    """
    kind = next((value for name, value in headers if name == b"content-type"), None)
    return kind is None or kind.startswith(b"text/html")


@lru_cache(maxsize=64)
def page_headers(policy: str, *, is_secure: bool) -> tuple[Header, ...]:
    """Returns the headers of an answer with this Content-Security-Policy; `is_secure` if all is served over HTTPS."""
    found = [
        (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    if is_secure:
        found.append((b"strict-transport-security", f"max-age={_YEAR_SECONDS}".encode()))
    return tuple(found)
