"""An answer that moved money is given again, to the same request only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

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


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00", "\t", "a\u2028", "\x7f"])
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


@pytest.mark.parametrize("key", [" ", "ä", "a/b", "x" * 255])
def test_a_key_of_any_printable_characters_can_be(key: str) -> None:
    assert made(key=key) == made(key=key) != made(key=key[1:] + "y")


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
SCOPES = st.tuples(TEXT, TEXT, TEXT, TEXT)


@pytest.mark.unhurried
@given(SCOPES, SCOPES)
def test_two_claims_are_one_only_for_one_key_in_one_scope(
    one: tuple[str, str, str, str], two: tuple[str, str, str, str]
) -> None:
    assert (made(*one).id == made(*two).id) == (one == two)


def test_an_answer_is_given_back_with_everything_in_it_and_to_nobody_else(database: str) -> None:
    answer = {"id": "req_1", "text": 'ä"\u2028', "nested": {"list": [1, None, True, "0.000000001"]}}
    with db.transaction() as session:
        rows.write(session, [keep_answer(made(), answer)])
    with db.transaction(writes=False) as session:
        assert read_answer(session, made()) == answer
        for other in (made(user="bob"), made(paywall="pw2"), made(route="deposit"), made(key="l")):
            assert read_answer(session, other) is None


def test_only_one_answer_of_a_claim_can_be_kept(database: str) -> None:
    with db.transaction() as session:
        rows.write(session, [keep_answer(made(), {"n": 1})])
    with pytest.raises(IntegrityError), db.transaction() as session:
        rows.write(session, [keep_answer(made(), {"n": 2})])
    with db.transaction(writes=False) as session:
        assert read_answer(session, made()) == {"n": 1}
