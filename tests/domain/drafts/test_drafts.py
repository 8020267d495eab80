"""Drafts of paywalls: one open per account, kept for a while, and what another first choice leaves of them."""

from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from app import db
from app.domain import clock
from app.domain.drafts import drafts
from app.domain.drafts.drafts import Asked, PlannedAccount, PlannedProvider
from app.domain.errors import NotFound
from app.domain.money import Environment
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import AuthStyle, ProviderSetting
from tests.support.managing import person

SETTING = ProviderSetting("own", "https://api.example/v1", "v1.sealed", auth=AuthStyle.API_KEY, headers=(("a", "b"),))
PLAN = drafts.Plan("Quill", Mode.DEFAULT, Environment.SANDBOX)
FULL = replace(PLAN, provider=PlannedProvider(SETTING, ("m1", "m2"), "It did not answer."), has_payments=True,
               account=PlannedAccount("v1.key", "acct_1"), request_nanos=5, minimum_nanos=7)  # fmt: skip
ASKED = Asked("ada", "insufficient_funds", "demo-mini", "req_1", 5)


def begin(plan: drafts.Plan = PLAN, email: str = "ada@example.org") -> drafts.Draft:
    account_id = person(email).account_id
    with db.transaction() as session:
        return drafts.begin(session, account_id, plan)


def test_everything_that_was_chosen_is_read_back(database: str) -> None:
    begun = begin()
    with db.transaction() as session:
        assert drafts.change(session, begun, FULL).plan == FULL
        found = drafts.find_open(session, begun.account_id)
    assert found is not None and found.plan == FULL and found.paywall_id == begun.paywall_id and not found.is_made


def test_an_account_has_one_that_is_open(database: str) -> None:
    begun = begin()
    with pytest.raises(IntegrityError):
        begin()
    with db.transaction() as session:
        drafts.note_made(session, begun)
    assert begin().paywall_id != begun.paywall_id


def test_nobody_reads_changes_or_drops_anothers(database: str) -> None:
    begun, other = begin(), person("eve@example.org").account_id
    with db.transaction() as session:
        for touch in (
            lambda: drafts.read_own(session, other, begun.paywall_id),
            lambda: drafts.change(session, replace(begun, account_id=other), FULL),
            lambda: drafts.drop(session, other, begun.paywall_id),
            lambda: drafts.read_own(session, begun.account_id, "pw_\x00"),
        ):
            with pytest.raises(NotFound):
                touch()
        assert drafts.find_open(session, other) is None


def test_another_first_choice_keeps_what_it_allows() -> None:
    assert FULL.as_chosen("Quill 2", Mode.DEFAULT, Environment.SANDBOX) == replace(FULL, app_name="Quill 2")
    live = FULL.as_chosen("Quill", Mode.DEFAULT, Environment.LIVE)
    assert live.provider == FULL.provider and live.account is None and not live.has_payments
    demo = replace(FULL, provider=PlannedProvider(ProviderSetting("demo"), ("demo-mini",)))
    assert demo.as_chosen("Quill", Mode.SHARED, Environment.SANDBOX).provider == demo.provider
    assert demo.as_chosen("Quill", Mode.DEFAULT, Environment.LIVE).provider is None


def test_what_became_a_paywall_holds_no_key_and_keeps_the_first_link(database: str) -> None:
    begun = begin(FULL)
    with db.transaction() as session:
        drafts.note_asked(session, begun.paywall_id, ASKED)
        assert drafts.read_own(session, begun.account_id, begun.paywall_id).asked is None, "nobody waits for it yet"
        assert not drafts.is_awaited(session, begun.paywall_id)
        drafts.note_made(session, begun)
        assert drafts.is_awaited(session, begun.paywall_id)
        drafts.note_asked(session, begun.paywall_id, ASKED)
        drafts.note_asked(session, begun.paywall_id, replace(ASKED, user="eve"))
        drafts.note_asked(session, "pw_nobodys", ASKED)
        made = drafts.read_own(session, begun.account_id, begun.paywall_id)
        assert made.is_made and made.asked == ASKED
        assert made.plan.provider is None and made.plan.account is None
        drafts.drop(session, begun.account_id, begun.paywall_id)
        assert not drafts.is_awaited(session, begun.paywall_id)


def test_old_ones_are_forgotten(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old, made = begin(), begin(email="eve@example.org")
    with db.transaction() as session:
        drafts.note_made(session, made)
    now = clock.now()

    def forget(seconds: int) -> int:
        monkeypatch.setattr(clock, "now", lambda: now + seconds * clock.SECOND)
        with db.transaction() as session:
            return drafts.forget_old(session)

    assert forget(drafts.WAITING_SECONDS - 60) == 0
    assert forget(drafts.WAITING_SECONDS + 60) == 1
    assert forget(drafts.KEPT_SECONDS - 60) == 0
    assert forget(drafts.KEPT_SECONDS + 60) == 1
    with db.transaction() as session:
        assert drafts.find_open(session, old.account_id) is None
