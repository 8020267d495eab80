"""What an account has proved, and what it is still about to."""

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.errors import Refused
from app.domain.money import Environment
from app.domain.payouts import addresses
from app.domain.payouts.tables import PayoutAddress, ProvedBy
from tests.support.managing import person

SANDBOX = Environment.SANDBOX
HOUR = 3_600 * clock.SECOND
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_the_newest_that_is_not_proved_is_pending(database: str) -> None:
    account = person("ada@example.org").account_id
    with db.transaction() as session:
        addresses.begin(session, account, SANDBOX, "0xA")
        begun = addresses.begin(session, account, SANDBOX, "0xB")
        assert addresses.find_pending(session, account, SANDBOX) == begun
        assert addresses.find_pending(session, account, Environment.LIVE) is None
        row = addresses.lock(session, account, begun.id)
        addresses.prove(session, row, ProvedBy.SIGNATURE)
        assert addresses.find_pending(session, account, SANDBOX) is None
        assert [one.address for one in addresses.list_proved(session, account, SANDBOX)] == ["0xB"]
        assert addresses.is_proved_of(session, account, "0xB") and not addresses.is_proved_of(session, account, "0xA")
        with pytest.raises(Refused, match="already"):
            addresses.lock(session, account, begun.id)


def test_an_address_that_waits_never_counts_once_its_owner_proved_another(database: str) -> None:
    """Whoever got into a session is objected to by proving one's own again: theirs must not count in between."""
    account = person("ada@example.org").account_id

    def prove(address: str, at: int) -> None:
        with db.transaction() as session:
            begun = addresses.begin(session, account, SANDBOX, address)
            row = addresses.lock(session, account, begun.id)
            addresses.prove(session, row, ProvedBy.SIGNATURE)
            row.counts_from = at + (row.counts_from or 0) - (row.proved_at or 0)
            row.proved_at = at

    def counting(hours: int) -> str | None:
        now = begin + hours * HOUR
        with db.transaction(writes=False) as session:
            proved = addresses.list_proved(session, account, SANDBOX)
        return next((one.address for one in proved if one.counts(now)), None)

    begin = clock.now()
    prove("0xAda", begin)
    prove("0xThief", begin + HOUR)
    assert [counting(hours) for hours in (1, 24, 25)] == ["0xAda", "0xAda", "0xThief"]
    prove("0xNew", begin + 20 * HOUR)
    assert [counting(hours) for hours in (24, 25, 43, 44)] == ["0xAda", "0xAda", "0xAda", "0xNew"]
    prove("0xThief", begin + 30 * HOUR)
    prove("0xAda", begin + 31 * HOUR)
    assert [counting(hours) for hours in (44, 54, 55)] == ["0xAda", "0xAda", "0xAda"]


def test_who_names_addresses_for_ever_has_one_row(database: str) -> None:
    account, other = (person(f"{name}@example.org").account_id for name in ("ada", "bob"))
    with db.transaction() as session:
        kept = addresses.begin(session, other, SANDBOX, "0xB")
        for number in range(20):
            addresses.begin(session, account, SANDBOX, f"0x{number}")
        rows = session.scalars(select(PayoutAddress).order_by(PayoutAddress.id)).all()
        assert sorted(row.address for row in rows) == ["0x19", "0xB"]
        assert addresses.find_pending(session, other, SANDBOX) == kept


def test_what_is_signed_names_address_environment_and_request(database: str) -> None:
    account = person("ada@example.org").account_id
    with db.transaction() as session:
        begun = addresses.begin(session, account, SANDBOX, "0xA")
    text = addresses.text_to_sign(begun, SANDBOX, "pay.example")
    assert all(part in text for part in ("pay.example", "0xA", "sandbox", begun.id))


def test_test_amounts_are_drawn_between_their_bounds(database: str) -> None:
    drawn = {addresses.new_test_units() for _ in range(200)}
    assert len(drawn) > 100 and min(drawn) >= 1_000_001 and max(drawn) <= 1_009_999
