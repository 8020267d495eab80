"""The Content-Security-Policy of built pages."""

import base64
import hashlib
from pathlib import Path

import pytest

from app import settings
from app.web.frame.policy import page_policy


def source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "wallet").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<html><style data-emotion="x">.a{color:red}</style><script>if (a < b && c) {\n}</script>'
        '<script type="module" async="">import "/a.js";</script><script src="/b.js"></script></html>'
    )
    (tmp_path / "wallet" / "index.html").write_text("<script>two()</script><p>&amp; three()</p>")
    (tmp_path / "assets" / "root-1.js").write_text("M(`[data-sonner-toaster]{font-family:'x'}`);N(`[other]`)")
    return tmp_path


def test_what_pages_were_built_with_is_named_and_nothing_else(built: Path) -> None:
    parts = dict(part.split(" ", 1) for part in page_policy(built).split("; "))
    assert parts["default-src"] == "'self'"
    scripts = ("if (a < b && c) {\n}", 'import "/a.js";', "two()")
    assert set(parts["script-src"].split()) == {"'self'", *map(source, scripts)}
    styles = ("", ".a{color:red}", "[data-sonner-toaster]{font-family:'x'}")
    assert set(parts["style-src"].split()) == {"'self'", *map(source, styles)}
    assert "unsafe" not in page_policy(built) and "*" not in page_policy(built)
    assert (parts["frame-ancestors"], parts["base-uri"], parts["object-src"]) == ("'none'", "'none'", "'none'")


def test_sockets_and_providers_of_sign_in_are_reached(built: Path) -> None:
    issuer = {"name": "house", "label": "House", "issuer": "https://id.example/realm", "client_id": "x"}
    settings.configure(public_url="https://pay.example", oidc=[issuer])
    parts = dict(part.split(" ", 1) for part in page_policy(built).split("; "))
    settings.configure()
    assert parts["connect-src"] == "'self' wss://pay.example"
    assert parts["form-action"] == "'self' https://id.example"
