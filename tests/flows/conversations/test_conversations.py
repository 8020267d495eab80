"""Texts are sealed for one account and one conversation, and open for nobody else."""

import asyncio
from contextlib import suppress

import pytest
from sqlalchemy import text

from app import db
from app.adapters.secret_box import SealBroken, SecretBox
from app.domain.conversations.said import Answer, Said
from app.domain.errors import BadField, NotFound
from app.domain.people.tables import PersonAccount
from app.flows.conversations.conversations import Conversations, new_turn
from app.flows.conversations.privacy import read_privacy, set_zero_retention

pytestmark = pytest.mark.plain_sql

CANARY = "canary-sings-at-dawn"


@pytest.fixture
def kept(database: str) -> Conversations:
    with db.transaction() as session:
        session.add_all(PersonAccount(id=one, name=one, created_at=1) for one in ("acc_ada", "acc_bob"))
    return Conversations(SecretBox([b"secret"]))


def said(question: str = f"What is {CANARY}?") -> Said:
    return Said(question, (Answer(0, "demo-free", f"{CANARY} is a bird."),))


async def test_it_is_read_as_it_was_said_and_stands_nowhere_unsealed(kept: Conversations) -> None:
    made = await kept.begin("acc_ada")
    assert await kept.keep("acc_ada", new_turn("req_1", made.id, "chat", said()))
    found, turns = await kept.read("acc_ada", made.id)
    assert (found.title, [one.said for one in turns]) == (f"What is {CANARY}?", [said()])
    found_turn = await kept.find_turn("acc_ada", "req_1")
    assert found_turn is not None and found_turn.conversation_id == made.id
    assert await kept.find_places("acc_ada", ["req_1", "req_2"]) == {"req_1": made.id}
    assert await kept.find_turn("acc_bob", "req_1") is None and await kept.find_places("acc_bob", ["req_1"]) == {}
    with db.transaction(writes=False) as session:
        for table in ("conversation", "conversation_turn"):
            stored = str(session.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608
            assert "v1." in stored and CANARY not in stored
    with pytest.raises(NotFound):
        await kept.read("acc_bob", made.id)


async def test_a_row_that_was_moved_opens_nowhere(kept: Conversations) -> None:
    made, other = await kept.begin("acc_ada"), await kept.begin("acc_bob")
    await kept.keep("acc_ada", new_turn("req_1", made.id, "chat", said()))
    with db.transaction() as session:
        moved = {"theirs": other.id, "own": made.id}
        session.execute(text("UPDATE conversation_turn SET conversation_id = :theirs, account_id = 'acc_bob'"), moved)
        session.execute(text("UPDATE conversation SET account_id = 'acc_bob' WHERE id = :own"), moved)
    for conversation_id in (made.id, other.id):
        with pytest.raises(SealBroken):
            await kept.read("acc_bob", conversation_id)


async def test_an_answer_that_is_heard_again_and_left_in_the_middle_takes_nothing_away(kept: Conversations) -> None:
    made = await kept.begin("acc_ada")

    async def hear(heard: str, *, is_stopped: bool) -> str:
        turn = new_turn("req_1", made.id, "chat", Said("Why?", (Answer(0, "demo-free", heard, is_stopped=is_stopped),)))
        assert await kept.keep("acc_ada", turn)
        _, (one,) = await kept.read("acc_ada", made.id)
        return one.said.answers[0].text

    assert await hear("Bec", is_stopped=True) == "Bec"  # whoever asked left, and asks again with the key
    assert await hear("Because.", is_stopped=False) == "Because."
    assert await hear("Be", is_stopped=True) == "Because."


async def test_titles_are_given_and_taken_away(kept: Conversations) -> None:
    made = await kept.begin("acc_ada")
    assert (await kept.rename("acc_ada", made.id, "  Birds \t of dawn ")).title == "Birds of dawn"
    await kept.keep("acc_ada", new_turn("req_1", made.id, "chat", said()))
    listed = await kept.list_of("acc_ada", 10, 0)
    assert [one.title for one in listed.conversations] == ["Birds of dawn"] and listed.total == 1
    assert (await kept.rename("acc_ada", made.id, " ")).title is None
    for wrong in ("x" * 81, "a\x00b"):
        with pytest.raises(BadField):
            await kept.rename("acc_ada", made.id, wrong)
    await kept.forget("acc_ada", made.id)
    with pytest.raises(NotFound):
        await kept.check("acc_ada", made.id)


async def test_who_wants_nothing_kept_has_no_answer_kept_that_was_running(kept: Conversations) -> None:
    made = await kept.begin("acc_ada")
    turn = new_turn("req_1", made.id, "chat", said())
    assert await set_zero_retention("acc_ada", is_on=True) == 1
    assert not await kept.keep("acc_ada", turn), "its conversation is gone"
    again = await kept.begin("acc_ada")
    assert not await kept.keep("acc_ada", new_turn("req_2", again.id, "chat", said())), "and none is kept now"
    assert (await kept.rename("acc_ada", again.id, CANARY)).title is None, "a title is a text too"
    found = await read_privacy("acc_ada")
    assert (found.zero_retention, found.conversations) == (True, 1)
    await set_zero_retention("acc_ada", is_on=False)
    assert await kept.keep("acc_ada", new_turn("req_3", again.id, "chat", said()))


@pytest.mark.races
async def test_two_tabs_a_deletion_and_a_switched_privacy_leave_nothing_half(kept: Conversations) -> None:
    """Each of them at once, again and again: what is counted is there, and with nothing kept there is nothing."""
    names = [(await kept.begin("acc_ada")).id for _ in range(3)]

    async def ask(number: int) -> None:
        await kept.keep("acc_ada", new_turn(f"req_{number}", names[number % 3], "chat", said()))

    async def forget() -> None:
        with suppress(NotFound):
            await kept.forget("acc_ada", names[2])

    async def rename() -> None:
        await kept.rename("acc_ada", names[0], CANARY)

    await asyncio.gather(*map(ask, range(6)), forget(), rename(), *map(ask, range(6, 12)), forget(), rename())
    with db.transaction(writes=False) as session:
        counted, there = (
            {one: number for one, number in session.execute(text(statement))}  # noqa: C416 - rows are no pairs to mypy
            for statement in ("SELECT id, turns FROM conversation",
                              "SELECT conversation_id, count(*) FROM conversation_turn GROUP BY 1")
        )  # fmt: skip
        assert counted == there == {names[0]: 4, names[1]: 4}
    acts = [ask(20), set_zero_retention("acc_ada", is_on=True), ask(21), ask(22)]
    await asyncio.gather(*acts)
    assert (await kept.list_of("acc_ada", 10, 0)).total == 0
    with db.transaction(writes=False) as session:
        assert session.scalar(text("SELECT count(*) FROM conversation_turn")) == 0
