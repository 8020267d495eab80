"""Codes work once, in one browser, for a while and a few tries, and tell nobody who is known here."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.people.accounts import ProvenIdentity
from app.domain.people.sign_in_codes import (
    CODE_SECONDS,
    CODES_OF_ADDRESS_MAX,
    CODES_OF_EMAIL_MAX,
    CODES_OF_SENDER_MAX,
    HOUR_SECONDS,
    TRIES_MAX,
    CodeWrong,
    NewCode,
    find_code,
    forget_codes,
    make_code,
    read_email,
    try_code,
)
from app.domain.people.tables import SignInCode

PEPPER = b"pepper"


def make(email: str = "ada@example.org", address: str = "10.0.0.1") -> NewCode:
    with db.transaction() as session:
        return make_code(session, PEPPER, email, address)


def enter(made: NewCode, code: str | None = None, browser: str | None = None) -> str | None:
    with db.transaction() as session:
        proof = try_code(session, PEPPER, browser or made.browser_token, code or made.code)
    return proof.email if proof else None


def wrong(made: NewCode) -> str:
    return f"{(int(made.code) + 1) % 10**6:06}"


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = clock.now() + seconds * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)


def test_a_code_works_once(database: str) -> None:
    made = make()
    assert len(made.code) == 6 and made.code.isdecimal()
    assert enter(made, f" {made.code[:3]} {made.code[3:]} ") == "ada@example.org"
    with pytest.raises(CodeWrong):
        enter(made)


def test_a_code_works_in_the_browser_that_asked_for_it_alone(database: str) -> None:
    mine, theirs = make(), make("eve@example.org")
    for browser in (
        theirs.browser_token.partition(".")[0] + "." + mine.browser_token.partition(".")[2],
        "",
        "sic_1.x",
        ".",
    ):
        with pytest.raises(CodeWrong, match="in this browser"):
            enter(mine, browser=browser or "nothing")
    assert enter(theirs, mine.code) is None or mine.code == theirs.code
    assert enter(mine) == "ada@example.org"


def test_wrong_codes_are_counted_and_end_it(database: str) -> None:
    made = make()
    for _ in range(TRIES_MAX):
        assert enter(made, wrong(made)) is None
    with pytest.raises(CodeWrong, match="no longer"):
        enter(made)


def test_a_code_gets_too_old(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make()
    later(monkeypatch, CODE_SECONDS + 1)
    with pytest.raises(CodeWrong, match="no longer"):
        enter(made)


@pytest.mark.unhurried
def test_an_address_is_sent_only_so_many(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(CODES_OF_EMAIL_MAX):
        make(address=f"10.0.0.{number}")
    with pytest.raises(LimitReached) as limited:
        make(address="10.0.9.9")
    assert 0 < (limited.value.retry_after_seconds or 0) <= HOUR_SECONDS and limited.value.code == "too_many_codes"
    assert make("bob@example.org").code
    later(monkeypatch, HOUR_SECONDS + 1)
    assert make().code


def test_one_network_may_ask_for_one_address_only_so_often(database: str) -> None:
    for _ in range(CODES_OF_SENDER_MAX):
        make()
    for address in ("10.0.0.1", "::ffff:10.0.0.1"):
        with pytest.raises(LimitReached):
            make(address=address)
    assert make(address="10.0.0.2").code and make("bob@example.org").code


@pytest.mark.unhurried
def test_ipv6_counts_by_what_one_line_gets(database: str) -> None:
    for number in range(CODES_OF_SENDER_MAX):
        make(address=f"2001:db8:1:2::{number:x}")
    with pytest.raises(LimitReached):
        make(address="2001:db8:1:2:ffff::9")
    assert make(address="2001:db8:1:3::1").code
    for number in range(CODES_OF_ADDRESS_MAX - CODES_OF_SENDER_MAX):
        make(f"user{number}@example.org", f"2001:db8:1:2:{number:x}::")
    with pytest.raises(LimitReached):
        make("one-more@example.org", "2001:db8:1:2::1")


@pytest.mark.unhurried
def test_strangers_keep_no_browser_waiting_that_was_there_before(database: str) -> None:
    for number in range(CODES_OF_EMAIL_MAX):
        make(address=f"10.0.0.{number}")
    with pytest.raises(LimitReached):
        make(address="10.0.9.9")
    for _ in range(CODES_OF_SENDER_MAX):
        with db.transaction() as session:
            assert make_code(session, PEPPER, "ada@example.org", "10.0.9.9", is_known=True).code
    with pytest.raises(LimitReached), db.transaction() as session:
        make_code(session, PEPPER, "ada@example.org", "10.0.9.9", is_known=True)


@pytest.mark.unhurried
def test_a_known_browser_takes_nothing_from_the_others(database: str) -> None:
    for number in range(CODES_OF_EMAIL_MAX):
        with db.transaction() as session:
            make_code(session, PEPPER, "ada@example.org", f"10.0.0.{number}", is_known=True)
    assert make(address="10.0.9.9").code


@pytest.mark.unhurried
def test_forty_at_once_are_sent_as_many_as_one_after_the_other(database: str) -> None:
    def ask(number: int) -> bool:
        try:
            return bool(make(address=f"2001:db8::{number:x}").code)
        except LimitReached:
            return False

    with ThreadPoolExecutor(20) as threads:
        assert sum(threads.map(ask, range(40))) == CODES_OF_SENDER_MAX


@pytest.mark.parametrize("token", ["\x00", "sic_\x00.x", "\ud800.x", "sic_é.x", ".", "", "sic_1.\ud800"])
def test_a_cookie_that_nobody_of_ours_wrote_finds_no_code(database: str, token: str) -> None:
    with db.transaction() as session:
        assert find_code(session, token) is None
        with pytest.raises(CodeWrong):
            try_code(session, PEPPER, token, "123456")


@pytest.mark.unhurried
def test_a_network_address_may_ask_only_so_often(database: str) -> None:
    for number in range(CODES_OF_ADDRESS_MAX):
        make(f"user{number}@example.org")
    with pytest.raises(LimitReached):
        make("one-more@example.org")
    assert make("one-more@example.org", "10.0.0.2").code


def test_neither_code_nor_browser_token_is_stored(database: str) -> None:
    made = make()
    with db.transaction() as session:
        stored = str(session.scalars(select(SignInCode)).one().model_dump())
        code_id = find_code(session, made.browser_token)
        assert code_id is not None and read_email(session, code_id) == "ada@example.org"
        for wrong in (made.browser_token + "x", made.browser_token.partition(".")[0], code_id, ""):
            assert find_code(session, wrong) is None
        assert read_email(session, "") is None and code_id not in made.browser_token.partition(".")[2]
    assert made.code not in stored and made.browser_token.partition(".")[2] not in stored


def test_a_code_carries_what_waits_for_it(database: str) -> None:
    identity = ProvenIdentity("https://idp.example", "sub", "IdP")
    with db.transaction() as session:
        made = make_code(session, PEPPER, "ada@example.org", "", identity, "acc_1")
        proof = try_code(session, PEPPER, made.browser_token, made.code)
    assert proof is not None and (proof.identity, proof.account_id) == (identity, "acc_1")


def test_old_codes_are_forgotten(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make()
    with db.transaction() as session:
        assert forget_codes(session) == 0
    later(monkeypatch, 25 * HOUR_SECONDS)
    with db.transaction() as session:
        assert forget_codes(session) == 1
