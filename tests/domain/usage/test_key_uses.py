"""The last use of a key is its newest request, found without reading the others."""

from sqlalchemy import text

from app import db
from app.domain.ledger.operations import Applied
from app.domain.money import Environment, Unit
from app.domain.rows import write
from app.domain.usage import requests
from app.domain.usage.key_uses import read_last_uses
from app.domain.usage.requests import Asked
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet
from tests.support.books import make_paywall


def begin(session: db.Session, paywall_id: str, key_id: str, at: int) -> None:
    # Ids of one millisecond have no order; these have that of their times.
    wallet, id_ = app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD), f"req_{at}"
    asked = Asked(id_, None, wallet, RequestKind.CHAT, "m", "demo", False, Unit.USD, None, key_id=key_id)
    write(session, [requests.begin(asked, Applied())])
    session.execute(text("UPDATE request SET created_at = :at WHERE id = :id"), {"at": at, "id": id_})


def test_the_newest_request_of_each_key_counts(database: str) -> None:
    with db.transaction() as session:
        paywall_id, other = make_paywall(session, {}), make_paywall(session, {})
        begin(session, paywall_id, "key_a", 1_000)
        begin(session, paywall_id, "key_a", 2_000)
        begin(session, paywall_id, "key_b", 3_000)
        begin(session, other, "key_c", 4_000)
        found = read_last_uses(session, paywall_id, ["key_a", "key_b", "key_c"])
    assert dict(found) == {"key_a": 2_000, "key_b": 3_000}
