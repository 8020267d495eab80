"""Identities lead to one account, and nobody loses their last one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain.errors import BadField, NotFound, Refused
from app.domain.money import NANOS
from app.domain.people.accounts import (
    DEFAULT_CAP_NANOS,
    ProvenIdentity,
    add_identity,
    change_profile,
    check_email,
    email_identity,
    enter,
    list_identities,
    read_account,
    remove_identity,
)

ADA, BOB = email_identity("ada@example.org"), email_identity("bob@example.org")
GOOGLE = ProvenIdentity("https://accounts.example", "sub-1", "Google · ada@example.org")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ada@Example.ORG ", "ada@example.org"), ("a+b@x.co", "a+b@x.co"), ("o'neil@x.co", "o'neil@x.co"),
        ("ada@lexica.example", "ada@lexica.example"), ("a.b.c@x.co.uk", "a.b.c@x.co.uk"),
        ("Jürgen@Exämple.org", "jürgen@exämple.org"), ("ada@XN--exmple-cua.org", "ada@exämple.org"),
        ("é@x.co", "é@x.co"), ("e\u0301@x.co", "é@x.co"), ("用户@例え.jp", "用户@例え.jp"),
        ("ada@ｅｘａｍｐｌｅ.org", "ada@example.org"), ("почта@пример.рф", "почта@пример.рф"),
    ],
)  # fmt: skip
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert check_email(typed) == kept and check_email(kept) == kept


NO_ADDRESSES = (
    "", "ada", "@x", "a@", "a b@x.co", "a@x..co", "a@b@c", "a@x.co\nBcc: b@x.co", "a@" + "x" * 260, ".ada@x.org",
    "ada.@x.org", "a..b@x.org", "ada@localhost", "ada@x", "ada@.x.org", "ada@x.org.", "ada@-x.org", "ada@x-.org",
    "ada@x_y.org", "ada@127.0.0.1", "ada@[127.0.0.1]", '"a b"@x.org', "ada@x.local", "ada@x.invalid", "a\x00@x.org",
    "a\ud800@x.org", "a@\ud800.org", "ad\u202ea@x.org", "x" * 65 + "@x.org", "ada <ada@x.org>", "x" * 1_000_000,
    "a@xn--\u00fc.org", "a@xn--zzzzzz99999999.org",
)  # fmt: skip


@pytest.mark.parametrize("typed", NO_ADDRESSES, ids=range(len(NO_ADDRESSES)))
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadField) as refused:
        check_email(typed)
    assert refused.value.field == "email"


def test_the_same_identity_leads_to_the_same_account(database: str) -> None:
    with db.transaction() as session:
        ada, is_new = enter(session, (ADA,))
        assert is_new and enter(session, (ADA,)) == (ada, False)
        assert enter(session, (BOB,))[0] != ada
        account = read_account(session, ada)
    assert (account.email, account.name, account.default_cap_nanos) == ("ada@example.org", "ada", DEFAULT_CAP_NANOS)


def test_what_is_proven_together_leads_to_one_account(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (ADA,))
        assert enter(session, (GOOGLE, ADA)) == (ada, False)
        assert enter(session, (GOOGLE,)) == (ada, False)
        # The first that is known decides: a provider's account stays where it was when its address moves on.
        bob, _ = enter(session, (BOB,))
        assert enter(session, (GOOGLE, BOB)) == (ada, False)
        assert [identity.label for identity in list_identities(session, bob)] == ["bob@example.org"]


def test_an_identity_of_another_account_is_not_taken_over(database: str) -> None:
    with db.transaction() as session:
        ada, bob = enter(session, (ADA,))[0], enter(session, (BOB,))[0]
        with pytest.raises(Refused, match="another account"):
            add_identity(session, ada, BOB)
        add_identity(session, ada, GOOGLE)
        add_identity(session, ada, GOOGLE)
        assert len(list_identities(session, ada)) == 2 and len(list_identities(session, bob)) == 1


def test_the_last_identity_stays_and_nobody_removes_anothers(database: str) -> None:
    with db.transaction() as session:
        ada, bob = enter(session, (ADA,))[0], enter(session, (BOB,))[0]
        with pytest.raises(Refused, match="only way"):
            remove_identity(session, ada, ADA.id)
        add_identity(session, ada, GOOGLE)
        with pytest.raises(NotFound):
            remove_identity(session, bob, GOOGLE.id)
        remove_identity(session, ada, ADA.id)
        assert read_account(session, ada).email is None
        # It is free again, for whoever proves it.
        assert enter(session, (ADA,))[0] not in (ada, bob)


def test_two_first_sign_ins_at_once_never_make_two_accounts_of_one_identity(database: str) -> None:
    def sign_in(_: int) -> str | None:
        try:
            with db.transaction() as session:
                return enter(session, (ADA,))[0]
        except IntegrityError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = {account for account in pool.map(sign_in, range(8)) if account}
    assert len(made) == 1


@pytest.mark.parametrize(
    ("name", "cap", "field"),
    [("", 1, "name"), ("x" * 61, 1, "name"), ("a\x00b", 1, "name"), ("Ada", 0, "cap"), ("Ada", 10**18, "cap")],
)
def test_a_profile_that_is_not_possible_changes_nothing(database: str, name: str, cap: int, field: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (ADA,))
    with pytest.raises(BadField) as refused, db.transaction() as session:
        change_profile(session, ada, name, cap)
    assert refused.value.field == field
    with db.transaction() as session:
        assert read_account(session, ada).name == "ada"
        change_profile(session, ada, "  Ada   Lovelace ", 5 * NANOS)
        assert (read_account(session, ada).name, read_account(session, ada).default_cap_nanos) == (
            "Ada Lovelace",
            5 * NANOS,
        )
