"""Sign-in leads to the right account and a new session, and nobody gets into another's."""

import asyncio
import threading

import pytest
from sqlalchemy import update

from app import db, settings
from app.domain import clock
from app.domain.errors import BadField, NotFound, Refused
from app.domain.people.accounts import list_identities
from app.domain.people.sessions import Person, SignedInLongAgo
from app.domain.people.sign_in_codes import CodeWrong
from app.domain.people.tables import SignInSession
from app.flows.people.sign_in import (
    NeedsEmail,
    Visit,
    end_session,
    find_person,
    forget_codes,
    note_visit,
    remove_identity,
    sign_out,
)
from app.ports.login import Login
from tests.support.books import assert_books_balance
from tests.support.crowd import MAILBOX, newest_code, sign_in
from tests.support.handed import enter_with_code, enter_with_login, is_operator, send_code
from tests.support.paying_out import kept_mails

pytestmark = pytest.mark.plain_sql

VISIT = Visit("Firefox", "10.0.0.1")


def login(email: str | None = "ada@example.org", subject: str = "s1", *, verified: bool = True) -> Login:
    return Login("https://idp.example", subject, email, verified)


async def enter(found: Login, *, trusted: bool, token: str | None = None) -> str | NeedsEmail:
    return await enter_with_login(
        found, "IdP", trusted, Visit("Firefox", "10.0.0.1", token, is_adding=token is not None)
    )


async def account_of(token: str | NeedsEmail) -> str:
    assert isinstance(token, str)
    person = await find_person(token)
    assert person is not None
    return person.account_id


async def test_every_sign_in_is_a_new_session_and_the_old_one_of_the_browser_ends(database: str) -> None:
    first, token = await sign_in("ada@example.org")
    second, other = await sign_in("Ada@example.org", session_token=token)
    assert first.account_id == second.account_id and token != other
    assert await find_person(token) is None and await find_person(other) == second
    await note_visit(second)
    await forget_codes()


@pytest.mark.races
async def test_a_visit_that_was_noted_lately_waits_for_no_turn_to_write(migrated_sqlite_url: str) -> None:
    person, _ = await sign_in("ada@example.org")
    writing, done = threading.Event(), threading.Event()

    def write() -> None:
        with db.transaction():
            writing.set()
            done.wait(30)

    holder = asyncio.create_task(asyncio.to_thread(write))
    await asyncio.to_thread(writing.wait)
    noted = asyncio.create_task(note_visit(person))
    finished, _ = await asyncio.wait({noted}, timeout=25)
    done.set()
    await asyncio.gather(holder, noted)
    assert finished


async def test_a_wrong_code_is_counted_and_lets_nobody_in(database: str) -> None:
    kept = await send_code(MAILBOX, "ada@example.org", VISIT)
    code = newest_code()
    for _ in range(5):
        with pytest.raises(CodeWrong):
            await enter_with_code(kept, f"{(int(code) + 1) % 10**6:06}", VISIT)
    with pytest.raises(CodeWrong):
        await enter_with_code(kept, code, VISIT)
    with pytest.raises(BadField):
        await send_code(MAILBOX, "no address", VISIT)


async def test_asking_says_the_same_of_known_and_unknown_addresses(database: str) -> None:
    await sign_in("ada@example.org")
    known, unknown = (
        await send_code(MAILBOX, "ada@example.org", VISIT),
        await send_code(MAILBOX, "eve@example.org", VISIT),
    )
    assert len(known) == len(unknown) and known[:4] == unknown[:4]


async def test_somebody_signed_in_adds_an_address_that_is_free(database: str) -> None:
    ada, token = await sign_in("ada@example.org")
    again, other = await sign_in("work@example.org", session_token=token, is_adding=True)
    assert again.account_id == ada.account_id and again.proven_email == "work@example.org"
    await sign_in("bob@example.org")
    with pytest.raises(Refused, match="another account"):
        await sign_in("bob@example.org", session_token=other, is_adding=True)
    # The browser stays who it was.
    assert await find_person(other) is not None


async def long_ago(token: str) -> Person:
    """Lets a session have begun more than an hour ago, as one that somebody got into."""
    with db.transaction() as session:
        session.execute(update(SignInSession).values(created_at=clock.now() - 3_601 * clock.SECOND))
    person = await find_person(token)
    assert person is not None
    return person


async def test_who_only_got_into_a_session_keeps_no_way_in(database: str) -> None:
    """Else a thief adds their own address, has a fresh session by that, and outlives every sign-out."""
    ada, token = await sign_in("ada@example.org")
    old = await long_ago(token)
    with pytest.raises(SignedInLongAgo, match="more than an hour ago"):
        await sign_in("eve@example.org", session_token=token, is_adding=True)
    with pytest.raises(SignedInLongAgo):
        await enter(login("eve@example.org"), trusted=True, token=token)
    with db.transaction(writes=False) as session:
        (own,) = list_identities(session, ada.account_id)
    with pytest.raises(SignedInLongAgo):
        await remove_identity(old, own.id)
    assert await find_person(token) == old and kept_mails() == []


async def test_whoever_has_an_account_is_mailed_where_they_were_of_each_way_in(database: str) -> None:
    ada, token = await sign_in("ada@example.org")
    added, _ = await sign_in("work@example.org", session_token=token, is_adding=True)
    with db.transaction(writes=False) as session:
        own = {one.label: one.id for one in list_identities(session, ada.account_id)}
    await remove_identity(added, own["ada@example.org"])
    assert kept_mails() == [
        ("ada@example.org", "work@example.org signs in to your account now"),
        ("ada@example.org", "ada@example.org signs in to your account no more"),
    ]


async def test_a_sign_in_that_was_not_asked_to_add_leaves_the_account_alone(database: str) -> None:
    ada, token = await sign_in("ada@example.org")
    eve, other = await sign_in("eve@example.org", session_token=token)
    assert eve.account_id != ada.account_id and await find_person(token) is None
    entered = await enter_with_login(login("mal@example.org"), "IdP", True, Visit("Firefox", "10.0.0.1", other))
    assert await account_of(entered) not in (ada.account_id, eve.account_id)
    with db.transaction(writes=False) as session:
        assert [len(list_identities(session, person.account_id)) for person in (ada, eve)] == [1, 1]


async def test_a_trusted_issuers_verified_address_leads_to_its_account(database: str) -> None:
    ada, _ = await sign_in("ada@example.org")
    assert await account_of(await enter(login(), trusted=True)) == ada.account_id
    with db.transaction(writes=False) as session:
        assert len(list_identities(session, ada.account_id)) == 2
    # From now on the subject decides, whatever address it has.
    assert await account_of(await enter(login("new@example.org"), trusted=True)) == ada.account_id


@pytest.mark.parametrize(("trusted", "verified"), [(False, True), (True, False), (False, False)])
async def test_any_other_address_must_be_proven_first(database: str, trusted: bool, verified: bool) -> None:
    ada, _ = await sign_in("ada@example.org")
    waiting = await enter(login(verified=verified), trusted=trusted)
    assert isinstance(waiting, NeedsEmail) and waiting.email == "ada@example.org"
    kept = await send_code(MAILBOX, waiting.email, VISIT, waiting.identity)
    assert await account_of(await enter_with_code(kept, newest_code(), VISIT)) == ada.account_id
    assert await account_of(await enter(login(verified=verified), trusted=trusted)) == ada.account_id


async def test_an_identity_is_added_by_who_is_signed_in_and_never_taken(database: str) -> None:
    (ada, token), (_bob, theirs) = await sign_in("ada@example.org"), await sign_in("bob@example.org")
    added = await enter(login("else@example.org"), trusted=False, token=token)
    assert await account_of(added) == ada.account_id
    with pytest.raises(Refused, match="another account"):
        await enter(login("else@example.org"), trusted=False, token=theirs)
    no_email = await enter(login(None, "s2"), trusted=True)
    assert isinstance(no_email, NeedsEmail) and no_email.email is None


async def test_the_operators_role_needs_the_operators_address_proven_by_this_sign_in(database: str) -> None:
    chosen = settings.get()
    settings.configure(data=chosen.data, database_url=database, operator_emails=" Root@Example.org , ")
    root, token = await sign_in("root@example.org")
    assert is_operator(root) and not is_operator((await sign_in("ada@example.org"))[0])
    linked = await enter(login("root@example.org", verified=False), trusted=False, token=token)
    assert isinstance(linked, str)
    by_code = await find_person(linked)
    assert by_code is not None and is_operator(by_code)  # the browser had proven it a moment before
    alone = await enter(login("root@example.org", verified=False), trusted=False)
    assert isinstance(alone, str)
    person = await find_person(alone)
    assert person is not None and person.account_id == root.account_id and not is_operator(person)


@pytest.mark.unhurried
async def test_signing_out_ends_this_session_or_all(database: str) -> None:
    tokens = [(await sign_in("ada@example.org"))[1] for _ in range(3)]
    bob, other = await sign_in("bob@example.org")
    await sign_out(tokens[0])
    await sign_out(None)
    assert [bool(await find_person(token)) for token in tokens] == [False, True, True]
    ada = await find_person(tokens[1])
    assert ada is not None
    with pytest.raises(NotFound):
        await end_session(bob, ada.session_id)
    await sign_out(tokens[1], everywhere=True)
    assert [bool(await find_person(token)) for token in [*tokens, other]] == [False, False, False, True]
    with pytest.raises(Refused):
        await remove_identity(bob, "idn_none")


@pytest.mark.races
async def test_first_sign_ins_at_once_make_one_account(database: str) -> None:
    kept = [(await send_code(MAILBOX, "ada@example.org", VISIT), newest_code()) for _ in range(4)]
    tokens = await asyncio.gather(*(enter_with_code(browser, code, VISIT) for browser, code in kept))
    assert len({await account_of(token) for token in tokens}) == 1
    assert_books_balance()
