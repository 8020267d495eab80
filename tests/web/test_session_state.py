"""The session cookie is found among others, and nothing else is taken for it."""

from pathlib import Path

import pytest

from app import settings
from app.web.format import ago, browser, initials
from app.web.session_state import cookie_in


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("coinslot_session=abc", "abc"),
        ("a=1; coinslot_session=abc; b=2", "abc"),
        ("coinslot_sessions=abc", None),
        ("__Host-coinslot_session=abc", None),
        ("", None),
        ("=;;;\x00", None),
    ],
)
def test_a_cookie_is_found_by_its_whole_name(data_dir: Path, header: str, value: str | None) -> None:
    assert cookie_in(header, "session") == value


def test_over_https_only_the_cookie_that_no_other_host_can_set_counts(data_dir: Path) -> None:
    settings.configure(data=data_dir, public_url="https://pay.example")
    assert cookie_in("coinslot_session=evil; __Host-coinslot_session=good", "session") == "good"
    assert cookie_in("coinslot_session=evil", "session") is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/121.0", "Firefox on Windows"),
        ("curl/8", "A browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named(agent: str, words: str) -> None:
    assert browser(agent) == words


def test_small_words() -> None:
    assert (initials("Lexica"), initials("Blue Sky app")) == ("Le", "Bs")
    assert ago(0) == "1 Jan 1970"
