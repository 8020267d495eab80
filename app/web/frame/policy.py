"""The Content-Security-Policy of the built pages: their own origin, and the inline parts that they were built with.

React Router writes scripts into each page, and emotion and the toasts write styles; each is named by its hash, so that
nothing else that finds its way into a page is run. https://www.w3.org/TR/CSP3/
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from app import wiring

_TOASTS_STYLE = re.compile(r"`(\[data-sonner-toaster\][^`\\$]*)`")
"""The one style that a script of the pages writes: sonner's, as a literal without escapes."""
BUILT = Path("web") / "build" / "client"
"""Where Reflex leaves the pages, below DATA."""


def page_policy(built: Path) -> str:
    """Returns the policy of all pages in a folder of built ones."""
    scripts, styles = set(), {""}  # emotion fills its style elements rule by rule, and they begin empty
    for path in built.rglob("*.html"):
        parts = _InlineParts()
        parts.feed(path.read_text())
        parts.close()
        scripts |= parts.scripts
        styles |= parts.styles
    for path in built.glob("assets/*.js"):
        styles.update(found[1] for found in _TOASTS_STYLE.finditer(path.read_text()))
    return "; ".join((
        "default-src 'self'",
        f"script-src 'self' {_hashes(scripts)}",
        f"style-src 'self' {_hashes(styles)}",
        "img-src 'self' data:",
        f"connect-src 'self' {_socket_origin()}".rstrip(),
        "object-src 'none'",
        "base-uri 'none'",
        " ".join(("form-action 'self'", *_issuers())),
        "frame-ancestors 'none'",
    ))  # fmt: skip


class _InlineParts(HTMLParser):
    """The texts of a page's inline scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: set[str] = set()
        self.styles: set[str] = set()
        self._into: set[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_inline_script = tag == "script" and "src" not in dict(attrs)
        self._into = self.scripts if is_inline_script else self.styles if tag == "style" else None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.add(data)

    def handle_endtag(self, tag: str) -> None:
        self._into = None


def _hashes(texts: Iterable[str]) -> str:
    """Returns texts as CSP's hash sources."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in sorted(digests))


def _socket_origin() -> str:
    """Returns the origin of the pages' socket, for browsers whose 'self' does not count ws as http's."""
    return re.sub("^http", "ws", wiring.get().settings.public_url)


def _issuers() -> list[str]:
    """Returns the origins that a form of ours is redirected to: where an OIDC provider is added."""
    issuers = (urlsplit(chosen.issuer) for chosen in wiring.get().settings.oidc)
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in issuers})
