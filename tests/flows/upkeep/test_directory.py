"""Accounts and paywalls are found by id or address, and listed the newest first with what is theirs."""

import pytest

from app import db
from app.flows.upkeep.directory import FoundAccount, FoundPaywall, find_accounts, find_paywalls
from tests.support.books import make_snapshot
from tests.support.crowd import sign_in
from tests.support.managing import own, person

pytestmark = pytest.mark.usefixtures("database")


def accounts(words: str = "") -> list[FoundAccount]:
    with db.transaction(writes=False) as session:
        return list(find_accounts(session, words, 9))


def paywalls(words: str = "") -> list[FoundPaywall]:
    with db.transaction(writes=False) as session:
        return list(find_paywalls(session, words, 9))


@pytest.mark.unhurried
async def test_an_account_is_found_by_its_address_and_says_what_is_its_own() -> None:
    paywall_id = make_snapshot().paywall_id
    own(paywall_id, person("ada@example.org"))
    bob, _ = await sign_in("bob@example.org")
    assert {one.email for one in accounts()} == {"ada@example.org", "bob@example.org"}
    (ada,) = accounts("Ada@example.org")
    assert (ada.paywalls, ada.sessions, ada.seen_at) == (1, 0, None)
    (found,) = accounts(bob.account_id)
    assert (found.email, found.paywalls, found.sessions) == ("bob@example.org", 0, 1) and found.seen_at
    assert accounts("%") == [] and accounts("a\x00b") == []
    (mine,) = paywalls("ada@example.org")
    assert (mine.id, mine.app_name, mine.owner, mine.archived_at) == (paywall_id, "Lexica", "ada@example.org", None)


def test_a_paywall_without_an_owner_is_the_operators() -> None:
    paywall_id = make_snapshot().paywall_id
    assert [(one.id, one.owner) for one in paywalls()] == [(paywall_id, None)]
    assert paywalls(paywall_id) == paywalls() and paywalls("pw_none") == []
