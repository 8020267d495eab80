"""A browser is known to the addresses that it signed in to, and nobody can say so but we."""

import pytest

from app.domain import clock
from app.domain.people.known_browsers import ADDRESSES_MAX, KNOWN_SECONDS, is_known, remember

OLD, NEW = b"old", b"new"


def test_a_browser_is_known_to_each_address_that_it_signed_in_to() -> None:
    kept = remember([OLD], None, "ada@example.org")
    kept = remember([NEW, OLD], kept, "work@example.org")
    assert all(is_known([NEW, OLD], kept, email) for email in ("ada@example.org", "work@example.org"))
    assert not is_known([NEW, OLD], kept, "eve@example.org") and "ada" not in kept
    assert not is_known([NEW], kept, "ada@example.org"), "a secret that is gone says nothing"
    assert remember([NEW, OLD], kept, "ada@example.org").count("~") == 1, "once each"


def test_the_latest_addresses_are_kept() -> None:
    kept = ""
    for number in range(ADDRESSES_MAX + 2):
        kept = remember([NEW], kept, f"u{number}@example.org")
    known = [is_known([NEW], kept, f"u{number}@example.org") for number in range(ADDRESSES_MAX + 2)]
    assert known == [False] * 2 + [True] * ADDRESSES_MAX and len(kept) < 300


def test_it_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = remember([NEW], None, "ada@example.org"), clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + (KNOWN_SECONDS + 2) * clock.SECOND)
    assert not is_known([NEW], kept, "ada@example.org")


NOT_OURS = (None, "", "~", "1.x", "9" * 13 + "." + "A" * 22, "x" * 10_000, "1." + "A" * 22, "é~\x00")


@pytest.mark.parametrize("kept", NOT_OURS)
def test_what_is_not_ours_is_nothing(kept: str | None) -> None:
    assert not is_known([NEW], kept, "ada@example.org")
    assert is_known([NEW], remember([NEW], kept, "ada@example.org"), "ada@example.org")
