"""Conversations are their account's alone, in the order in which they were spoken in, and bounded."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from app import db
from app.domain.conversations import conversations
from app.domain.conversations.conversations import KeptTurn
from app.domain.errors import BadField, NotFound
from app.domain.people.tables import PersonAccount

pytestmark = pytest.mark.plain_sql

ADA, BOB = "acc_ada", "acc_bob"


@pytest.fixture(autouse=True)
def people(database: str) -> Iterator[None]:
    with db.transaction() as session:
        session.add_all(PersonAccount(id=one, name=one, created_at=1) for one in (ADA, BOB))
    yield


def turn(conversation_id: str, name: str = "req_1", content: str = "sealed") -> KeptTurn:
    return KeptTurn(name, conversation_id, "chat", content, 1)


def begin(account_id: str = ADA) -> str:
    with db.transaction() as session:
        return conversations.begin(session, account_id).id


def add(one: KeptTurn, title: str | None = "sealed title", account_id: str = ADA) -> bool:
    with db.transaction() as session:
        return conversations.add(session, account_id, one, title)


def test_the_one_that_was_last_spoken_in_is_first_and_has_its_first_title() -> None:
    first, second = begin(), begin()
    assert add(turn(first)) and add(turn(first, "req_2"), "another title")
    with db.transaction(writes=False) as session:
        listed = conversations.list_of(session, ADA, 10)
        assert [(one.id, one.turns, one.title) for one in listed] == [(first, 2, "sealed title"), (second, 0, None)]
        assert [one.id for one in conversations.list_of(session, ADA, 10, with_turns=True)] == [first]
        assert [one.id for one in conversations.list_of(session, ADA, 1, 1)] == [second]
        assert conversations.count(session, ADA) == 2
        said = conversations.list_turns(session, ADA, first)
        assert [one.request_id for one in said] == ["req_1", "req_2"]
        assert conversations.turns_of(session, ADA, ["req_2", "req_9"]).keys() == {"req_2"}


def test_nobody_else_finds_it_whatever_they_try() -> None:
    own = begin()
    add(turn(own))
    with db.transaction(writes=False) as session:
        assert conversations.list_of(session, BOB, 10) == [] and conversations.turns_of(session, BOB, ["req_1"]) == {}
    acts: list[Callable[[Session, str], object]] = [
        lambda session, name: conversations.find(session, BOB, name),
        lambda session, name: conversations.rename(session, BOB, name, "mine"),
        lambda session, name: conversations.forget(session, BOB, name),
        lambda session, name: conversations.list_turns(session, BOB, name),
        lambda session, name: conversations.add(session, BOB, turn(name, "req_3"), None),
    ]
    for wrong in (own, "conv_unknown", "\x00", "é"):
        for act in acts:
            with db.transaction() as session, pytest.raises(NotFound):
                act(session, wrong)
    with db.transaction(writes=False) as session:
        assert conversations.find(session, ADA, own).turns == 1


def test_what_is_deleted_is_gone_with_all_that_was_said() -> None:
    own, other = begin(), begin()
    add(turn(own))
    add(turn(other, "req_2"))
    with db.transaction() as session:
        conversations.forget(session, ADA, own)
        assert conversations.turns_of(session, ADA, ["req_1", "req_2"]).keys() == {"req_2"}
    with pytest.raises(NotFound):
        add(turn(own, "req_3"))


def test_an_answer_that_came_again_with_its_key_is_kept_once() -> None:
    own, other = begin(), begin()
    assert add(turn(own)) and add(turn(own, content="more of it"))
    assert not add(turn(other, content="elsewhere"))
    with db.transaction(writes=False) as session:
        (kept,) = conversations.list_turns(session, ADA, own)
        assert (kept.content, conversations.find(session, ADA, own).turns) == ("more of it", 1)


def test_both_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    own = begin()
    monkeypatch.setattr(conversations, "TURNS_MAX", 1)
    monkeypatch.setattr(conversations, "CONVERSATIONS_MAX", 1)
    assert add(turn(own)) and not add(turn(own, "req_2"))
    with pytest.raises(BadField, match="Delete some"):
        begin()
    begin(BOB)


def test_one_that_holds_much_takes_no_more_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    own = begin()
    monkeypatch.setattr(conversations, "BYTES_MAX", 10)
    assert (
        add(turn(own, content="sealed")) and add(turn(own, "req_2", content="sealed")) and not add(turn(own, "req_3"))
    )
    assert add(turn(own, "req_2", content="again"))
    with db.transaction(writes=False) as session:
        assert conversations.find(session, ADA, own).turns == 2
        places = conversations.places_of(session, ADA, ["req_1", "req_3"])
        assert places == {"req_1": own} and conversations.places_of(session, BOB, ["req_1"]) == {}
