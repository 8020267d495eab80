"""The audit finds a deposit that is not posted as its row says, and a posting of nothing that came."""

import pytest
from sqlalchemy import text

from app import db
from app.domain.chain_deposits import audit
from app.domain.chain_deposits.addresses import AddressOf, keep
from app.domain.chain_deposits.arrivals import Arrived, Book, take
from app.domain.ledger.apply import apply_one
from app.domain.money import Environment
from app.domain.wallets.shared import open_shared_wallet
from tests.support.managing import person


def found() -> list[str]:
    with db.transaction(writes=False) as session:
        return [finding.message for finding in audit.check_all(session, lambda _check, _share: None)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE chain_arrival SET units = 8", "is 8000 nanos, and posted is 7000."),
        ("UPDATE chain_arrival SET kind = 'bridged'", "(bridged) is 0 nanos, and posted is 7000."),
        ("DELETE FROM chain_arrival", "is posted, and nothing came in."),
    ],
)
def test_rows_and_postings_say_the_same(database: str, change: str, said: str) -> None:
    ada = person("ada@example.org")
    with db.transaction() as session:
        account = open_shared_wallet(session, ada.account_id, Environment.SANDBOX)
        keep(session, 31_337, AddressOf(account, "0xAda", "0xF", "0x1", "0x2"))
        book = Book(31_337, Environment.SANDBOX, "0xToken", "0xTreasury", {"0xAda": account})
        taken = take(session, book, Arrived("0xToken", "0xPayer", "0xAda", 7, 1, "0x1", 0))
        assert taken is not None and taken[1] is not None
        apply_one(session, taken[1])
    assert found() == []
    with db.transaction() as session:
        session.execute(text(change))
    (message,) = found()
    assert message.endswith(said)
