"""Own keys: one of each name, 20 of an account, its owner's alone, and every change is seen by the next request."""

from dataclasses import replace

import pytest

from app import db
from app.domain.credentials import credentials
from app.domain.credentials.credentials import CREDENTIALS_MAX, NewCredential, Profile, epoch_subject
from app.domain.credentials.tables import CredentialKind, CredentialStatus
from app.domain.errors import NotFound, Refused
from app.domain.paywalls.provider import AuthStyle
from app.flows.callers.snapshot import read_epochs
from tests.support.managing import person

URL = "https://api.openai.com/v1"


def new(account_id: str, provider: str = "openai", **more: object) -> NewCredential:
    made = NewCredential(credentials.new_credential_id(), account_id, provider, URL, AuthStyle.BEARER, "v1.sealed",
                         "wxyz", ("gpt-4o", "gpt-4o-mini"))  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def epoch(session: db.Session, account_id: str) -> int:
    subject = epoch_subject(account_id)
    return read_epochs(session, (subject,)).get(subject, 0)


def test_one_is_kept_of_each_name_and_every_change_is_counted(database: str) -> None:
    ada, bob = person("ada@example.org"), person("bob@example.org")
    with db.transaction() as session:
        first, second = new(ada.account_id), new(ada.account_id, base_url="https://other.example/v1")
        credentials.save(session, first)
        credentials.save(session, second)
        assert epoch(session, ada.account_id) == 2 and epoch(session, bob.account_id) == 0
        (view,) = credentials.list_of(session, ada.account_id)
        assert (view.id, view.provider, view.last_four, view.models) == (second.id, "openai", "wxyz", 2)
        assert view.kind is CredentialKind.KEY and view.used_at is None
        assert credentials.find(session, first.id) is None, "what was replaced is gone with its secret"
        (key,) = credentials.read_keys(session, ada.account_id)
        assert (key.id, key.vendor, key.models) == (second.id, "", frozenset({"gpt-4o", "gpt-4o-mini"}))
        assert credentials.find_by_name(session, ada.account_id, "openai") == second.id
        for stranger in (bob.account_id, ""):
            with pytest.raises(NotFound):
                credentials.find_own(session, stranger, second.id)
            with pytest.raises(NotFound):
                credentials.remove(session, stranger, second.id)
            with pytest.raises(NotFound):
                credentials.find_by_name(session, stranger, "openai")
        credentials.remove(session, ada.account_id, second.id)
        assert epoch(session, ada.account_id) == 3 and credentials.list_of(session, ada.account_id) == []
        with pytest.raises(NotFound):
            credentials.remove(session, ada.account_id, "\x00")


@pytest.mark.plain_sql
def test_an_account_keeps_twenty(database: str) -> None:
    ada = person("ada@example.org")
    with db.transaction() as session:
        for number in range(CREDENTIALS_MAX):
            credentials.save(session, new(ada.account_id, f"host-{number}"))
        with pytest.raises(Refused, match="at most 20"):
            credentials.save(session, new(ada.account_id, "one-more"))
        credentials.save(session, new(ada.account_id, "host-3"))
        assert len(credentials.list_of(session, ada.account_id)) == CREDENTIALS_MAX


def test_what_is_sealed_names_its_host() -> None:
    assert credentials.seal_context("cred_1", URL) == "own_key:cred_1:https://api.openai.com"
    assert credentials.seal_context("cred_1", "https://evil.example/v1") != credentials.seal_context("cred_1", URL)
    assert credentials.refresh_context("cred_1", "https://a/token") != credentials.refresh_context("cred_1", "")


@pytest.mark.plain_sql
def test_a_refusal_stands_until_the_host_answers_and_a_sign_in_until_it_is_renewed(database: str) -> None:
    ada = person("ada@example.org")
    profile = Profile("https://login.example/token", "v1.refresh", 1, 2)
    with db.transaction() as session:
        made = new(ada.account_id, profile=profile)
        credentials.save(session, made)
        credentials.note_refused(session, made.id, 401)
        assert credentials.list_of(session, ada.account_id)[0].refused_status == 401
        credentials.note_answered(session, made.id)
        (view,) = credentials.list_of(session, ada.account_id)
        assert view.refused_status is None and view.used_at is not None and view.kind is CredentialKind.PROFILE
        stored = credentials.find_own(session, ada.account_id, made.id)
        assert stored.profile == profile
        credentials.store_tokens(session, made.id, "v1.next", "next", replace(profile, refresh_sealed="v1.other"))
        # Who met the end of the token before says nothing of the one that came since.
        credentials.note_signed_out(session, stored)
        renewed = credentials.find_own(session, ada.account_id, made.id)
        assert (renewed.status, renewed.sealed) == (CredentialStatus.READY, "v1.next")
        before = epoch(session, ada.account_id)
        credentials.note_signed_out(session, renewed)
        ended = credentials.find_own(session, ada.account_id, made.id)
        assert ended.status is CredentialStatus.NEEDS_SIGN_IN and epoch(session, ada.account_id) == before + 1
        assert len(credentials.read_keys(session, ada.account_id)) == 1, "it still serves, by an error"


@pytest.mark.plain_sql
def test_a_host_that_lists_nothing_now_keeps_what_it_listed(database: str) -> None:
    ada = person("ada@example.org")
    with db.transaction() as session:
        made = new(ada.account_id)
        credentials.save(session, made)
        stored = credentials.find_own(session, ada.account_id, made.id)
        credentials.note_listed(session, stored, (), "It did not answer.")
        (view,) = credentials.list_of(session, ada.account_id)
        assert (view.models, view.warning) == (2, "It did not answer.")
        credentials.note_listed(session, stored, ("gpt-5",), "")
        (key,) = credentials.read_keys(session, ada.account_id)
        assert key.models == {"gpt-5"} and credentials.list_of(session, ada.account_id)[0].warning == ""
