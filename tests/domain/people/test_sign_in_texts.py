"""A text to sign is good once, for ten minutes, in the browser that asked for it."""

import pytest

from app import db
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.people.sign_in_texts import (
    TEXT_SECONDS,
    TEXTS_OF_NETWORK_MAX,
    Issued,
    TextOutdated,
    forget_texts,
    identity_of,
    issue,
    use,
)

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def ask(network: str = "10.0.0.1") -> tuple[Issued, str]:
    with db.transaction() as session:
        return issue(session, ADDRESS, 137, network, None)


def take(kept: str) -> Issued:
    with db.transaction() as session:
        return use(session, kept)


def test_a_text_is_used_once(database: str) -> None:
    issued, kept = ask()
    assert take(kept) == issued
    with pytest.raises(TextOutdated, match="used or is too old"):
        take(kept)
    assert ask()[0].nonce != issued.nonce and len(issued.nonce) == 32


def test_another_browser_uses_nothing(database: str) -> None:
    _, kept = ask()
    for wrong in ("", ".", kept.partition(".")[0], kept + "x", "\0.x", ask()[1].partition(".")[0] + "." + kept[-32:]):
        with pytest.raises(TextOutdated, match="in this browser"):
            take(wrong)
    take(kept)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_text_is_too_old_after_ten_minutes_and_forgotten_after_a_day(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, (issued, kept) = clock.now(), ask()
    assert issued.expires_at - issued.issued_at == TEXT_SECONDS * clock.SECOND == 600 * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now + 601 * clock.SECOND)
    with pytest.raises(TextOutdated):
        take(kept)
    monkeypatch.setattr(clock, "now", lambda: now + 2 * clock.DAY)
    with db.transaction() as session:
        assert forget_texts(session) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_network_asks_only_so_often(database: str) -> None:
    for _ in range(TEXTS_OF_NETWORK_MAX):
        ask()
    with pytest.raises(LimitReached) as refused:
        ask()
    assert 3_500 < (refused.value.retry_after_seconds or 0) <= 3_600
    ask("10.0.0.2")


def test_one_address_is_one_identity_however_it_is_written() -> None:
    assert identity_of(ADDRESS).id == identity_of(ADDRESS.lower()).id
    assert identity_of(ADDRESS).label == "0x7099…79C8"
