"""An answer that moved money is given again, to the same request only."""

import pytest

from app import db
from app.domain import rows
from app.domain.errors import BadField, KeyReused
from app.domain.usage.idempotency import Claim, claim, keep_answer, read_answer


def made(key: str = "k", paywall: str = "pw", route: str = "charge", user: str = "ada", body: bytes = b"{}") -> Claim:
    found = claim(key, paywall, route, user, body)
    assert found is not None
    return found


def test_a_claim_is_of_one_key_paywall_route_and_user() -> None:
    claims = {made().id, made(key="l").id, made(paywall="pw2").id, made(route="deposit").id, made(user="bob").id}
    assert len(claims) == 5
    assert made().id == made(body=b"[]").id and made().body_hash != made(body=b"[]").body_hash
    assert claim(None, "pw", "charge", "ada", b"") is None


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00"])
def test_a_key_that_cannot_be_is_refused(key: str) -> None:
    with pytest.raises(BadField) as refused:
        claim(key, "pw", "charge", "ada", b"")
    assert refused.value.field == "Idempotency-Key"


def test_the_first_answer_is_kept_for_the_same_body(database: str) -> None:
    with db.transaction() as session:
        assert read_answer(session, made()) is None
        rows.write(session, [keep_answer(made(), {"id": "req_1", "success": True})])
    with db.transaction(writes=False) as session:
        assert read_answer(session, made()) == {"id": "req_1", "success": True}
        with pytest.raises(KeyReused):
            read_answer(session, made(body=b"[]"))
