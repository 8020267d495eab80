"""The row that a cookie stood for is found among others, and nothing else is taken for it."""

import pytest

from app.web.frame.format import ago, browser, initials
from app.web.frame.session_state import row_in


@pytest.mark.parametrize(
    ("header", "name", "row"),
    [
        ("session=ses_1; code=sic_1", "session", "ses_1"),
        ("session=ses_1; code=sic_1", "code", "sic_1"),
        ("code=sic_1", "session", ""),
        ("xsession=ses_1", "session", ""),
        ("", "session", ""),
        ("session", "session", ""),
    ],
)
def test_a_row_is_found_by_the_whole_name_of_its_cookie(header: str, name: str, row: str) -> None:
    assert row_in(header, name) == row


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
