"""What somebody is asked to sign is theirs, short-lived, of a sensible amount, and paid for by us only so often."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.chain_deposits import signed_topups
from app.domain.chain_deposits.signed_topups import DAY_MAX, HOUR_MAX, LEAST_UNITS, MOST_UNITS, Asked
from app.domain.errors import BadField, LimitReached, NotFound
from tests.support.managing import person

ADDRESS, OTHER = "0x" + "a" * 40, "0x" + "b" * 40


def asked(email: str = "ada@example.org") -> Asked:
    return Asked(person(email).account_id, "swl_ada", 31_337, ADDRESS, OTHER, 10_000_000, 7)


def bring(one: Asked) -> str:
    """Keeps a top-up that was signed now and is brought by us."""
    with db.transaction() as session:
        id_ = signed_topups.begin(session, one).id
        assert signed_topups.note_signed(session, id_, b"x" * 65, "ctx_1")
    return id_


def test_it_is_its_owners_and_named_by_its_id(database: str) -> None:
    one = asked()
    other = person("eve@example.org")
    with db.transaction() as session:
        first, second = (signed_topups.begin(session, one) for _ in range(2))
        assert first.nonce == signed_topups.nonce_of(first.id) != second.nonce
        assert 0 < first.valid_before - clock.now() // clock.SECOND <= signed_topups.VALID_SECONDS
        assert signed_topups.read_own(session, one.account_id, first.id).units == 10_000_000
        for account_id, id_ in ((other.account_id, first.id), (one.account_id, "stp_none"), (one.account_id, "\0")):
            with pytest.raises(NotFound):
                signed_topups.read_own(session, account_id, id_)


@pytest.mark.parametrize("units", [0, LEAST_UNITS - 1, MOST_UNITS + 1])
def test_an_amount_has_bounds(database: str, units: int) -> None:
    one = replace(asked(), units=units)
    with db.transaction() as session, pytest.raises(BadField, match="1 to 10,000 USDC"):
        signed_topups.begin(session, one)


def test_a_signature_is_kept_once(database: str) -> None:
    one = asked()
    id_ = bring(one)
    with db.transaction() as session:
        assert not signed_topups.note_signed(session, id_, b"y" * 65, "ctx_2")
        assert signed_topups.read_own(session, one.account_id, id_).transaction_id == "ctx_1"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_we_pay_gas_so_often_an_hour_and_a_day(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began, ada, bob = clock.now(), asked(), asked("bob@example.org")
    at = _time(monkeypatch, began)
    for number in range(DAY_MAX):
        at(began + number // HOUR_MAX * 3_601 * clock.SECOND)
        bring(ada)
        if number == HOUR_MAX - 1:
            with db.transaction() as session, pytest.raises(LimitReached, match="of 5 top-ups") as refused:
                signed_topups.check_pace(session, ada.account_id)
            assert refused.value.retry_after_seconds == 3_600
            with db.transaction() as session:
                signed_topups.check_pace(session, bob.account_id)
    at(began + 5 * 3_601 * clock.SECOND)
    with db.transaction() as session, pytest.raises(LimitReached, match="of 20 top-ups"):
        signed_topups.check_pace(session, ada.account_id)
    at(began + 24 * 3_601 * clock.SECOND)
    with db.transaction() as session:
        signed_topups.check_pace(session, ada.account_id)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_sent_is_listed_until_it_is_over_and_forgotten(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    began, one = clock.now(), asked()
    at = _time(monkeypatch, began)
    with db.transaction() as session:
        signed_topups.begin(session, one)  # never signed
    id_ = bring(one)

    def listed() -> list[tuple[str, bool]]:
        with db.transaction(writes=False) as session:
            return [(sent.id, sent.is_over) for sent in signed_topups.list_sent(session, one.wallet_id)]

    assert listed() == [(id_, False)]
    at(began + 3_600 * clock.SECOND)
    assert listed() == [(id_, True)]
    at(began + 2 * clock.DAY)
    assert listed() == []


def _time(monkeypatch: pytest.MonkeyPatch, now: int) -> Callable[[int], None]:
    def at(time: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: time)

    at(now)
    return at
