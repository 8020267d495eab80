"""One external id has one active authorization, which its account or its app ends; every change bumps its epoch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain import clock
from app.domain.authorizations.authorizations import (
    CONFIRM_SECONDS,
    Consent,
    TakenByAnother,
    approve,
    confirm,
    epoch_subject,
    find_active,
    list_of,
    revoke_by_account,
    revoke_by_app,
)
from app.domain.authorizations.caps import read_cap
from app.domain.errors import NotFound
from app.domain.money import Environment
from app.domain.paywalls.modes import Mode
from app.domain.people.accounts import email_identity, enter
from app.domain.wallets.shared import open_shared_wallet
from app.flows.callers.snapshot import read_epochs
from tests.support.books import make_paywall


@dataclass(frozen=True)
class Scene:
    """A shared paywall and two people."""

    paywall_id: str
    ada: str
    bob: str

    def consent(self, account_id: str, cap: int = 100, user: str = "u1", *, confirmed: bool = False) -> Consent:
        with db.transaction() as session:
            wallet = open_shared_wallet(session, account_id, Environment.SANDBOX)
        return Consent(account_id, self.paywall_id, user, wallet, cap, needs_confirmation=confirmed)

    def approve(self, account_id: str, cap: int = 100, user: str = "u1", *, confirmed: bool = False) -> str | None:
        consent = self.consent(account_id, cap, user, confirmed=confirmed)
        with db.transaction() as session:
            return approve(session, consent)

    def owner(self, user: str = "u1") -> str | None:
        with db.transaction() as session:
            active = find_active(session, self.paywall_id, user)
            return active.account_id if active else None

    def epoch(self, user: str = "u1") -> int:
        subject = epoch_subject(self.paywall_id, user)
        with db.transaction() as session:
            return read_epochs(session, (subject,)).get(subject, 0)


@pytest.fixture
def scene(database: str) -> Iterator[Scene]:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {}, mode=Mode.SHARED)
        people = [enter(session, (email_identity(f"{name}@example.org"),))[0] for name in ("ada", "bob")]
    yield Scene(paywall_id, *people)


def test_an_approval_counts_at_once_and_keeps_its_cap(scene: Scene) -> None:
    assert scene.owner() is None and scene.approve(scene.ada, 70) is None
    assert scene.owner() == scene.ada and scene.epoch() == 1
    with db.transaction() as session:
        (app,) = list_of(session, scene.ada, "sandbox")
        assert (app.app_name, app.external_id, app.cap.cap_nanos) == ("Lexica", "u1", 70)
        assert list_of(session, scene.ada, "live") == [] == list_of(session, scene.bob, "sandbox")


def test_another_account_is_refused_until_it_is_revoked(scene: Scene) -> None:
    scene.approve(scene.ada)
    with pytest.raises(TakenByAnother):
        scene.approve(scene.bob)
    assert scene.owner() == scene.ada
    with db.transaction() as session:
        assert revoke_by_app(session, scene.paywall_id, "u1") and not revoke_by_app(session, scene.paywall_id, "u1")
    scene.approve(scene.bob)
    assert scene.owner() == scene.bob and scene.epoch() == 3


def test_approving_again_changes_the_cap_and_nothing_else(scene: Scene) -> None:
    scene.approve(scene.ada, 100)
    scene.approve(scene.ada, 30)
    assert scene.epoch() == 1
    with db.transaction() as session:
        cap = read_cap(session, scene.ada, scene.paywall_id)
        assert cap is not None and cap.cap_nanos == 30 and len(list_of(session, scene.ada, "sandbox")) == 1


def test_two_external_ids_of_one_person_share_one_cap(scene: Scene) -> None:
    scene.approve(scene.ada, 100, "u1")
    scene.approve(scene.ada, 40, "u2")
    with db.transaction() as session:
        assert [app.cap.cap_nanos for app in list_of(session, scene.ada, "sandbox")] == [40, 40]


def test_nobody_ends_anothers_authorization(scene: Scene) -> None:
    scene.approve(scene.ada)
    with db.transaction() as session:
        (app,) = list_of(session, scene.ada, "sandbox")
    for account_id, authorization_id in ((scene.bob, app.id), (scene.ada, "aut_none"), (scene.ada, "")):
        with pytest.raises(NotFound), db.transaction() as session:
            revoke_by_account(session, account_id, authorization_id)
    with db.transaction() as session:
        revoke_by_account(session, scene.ada, app.id)
        revoke_by_account(session, scene.ada, app.id)
    assert scene.owner() is None and scene.epoch() == 2


def test_a_consent_that_must_be_confirmed_counts_only_then_and_once(scene: Scene) -> None:
    code = scene.approve(scene.ada, confirmed=True)
    assert code is not None and scene.owner() is None and scene.epoch() == 0
    for user, tried in (("u2", code), ("u1", code + "x"), ("u1", "")):
        with pytest.raises(NotFound), db.transaction() as session:
            confirm(session, scene.paywall_id, user, tried)
    with db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", code)
    assert scene.owner() == scene.ada and scene.epoch() == 1
    with pytest.raises(NotFound), db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", code)
    # Asked again, it is confirmed anew and stays one.
    again = scene.approve(scene.ada, confirmed=True)
    with db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", again or "")
        assert len(list_of(session, scene.ada, "sandbox")) == 1


def test_a_confirmation_comes_too_late(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    late, taken = scene.approve(scene.ada, confirmed=True), scene.approve(scene.bob, confirmed=True)
    with db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", taken or "")
    with pytest.raises(TakenByAnother), db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", late or "")
    with db.transaction() as session:
        assert revoke_by_app(session, scene.paywall_id, "u1")
    with pytest.raises(NotFound), db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", late or "")  # the app ended what waited, too
    waiting = scene.approve(scene.ada, confirmed=True)
    now = clock.now() + (CONFIRM_SECONDS + 1) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: now)
    with pytest.raises(NotFound), db.transaction() as session:
        confirm(session, scene.paywall_id, "u1", waiting or "")


def test_of_two_accounts_at_once_one_gets_the_user(scene: Scene) -> None:
    consents = [scene.consent(account_id) for account_id in (scene.ada, scene.bob) * 4]

    def try_it(consent: Consent) -> str | None:
        try:
            with db.transaction() as session:
                approve(session, consent)
        except (IntegrityError, TakenByAnother):
            return None
        return consent.account_id

    with ThreadPoolExecutor(8) as pool:
        won = {account for account in pool.map(try_it, consents) if account}
    assert won == {scene.owner()}
