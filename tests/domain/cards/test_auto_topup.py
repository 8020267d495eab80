"""Automatic top-up is switched by its owner, stopped by whatever says so, and resumed only by what may."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app import db
from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.rules import Terms
from app.domain.cards.tables import AutoTopup, Card, CardNotice, NoticeKind, OffReason, Switch
from app.domain.ledger.accounts import Account
from app.domain.ledger.apply import apply_all
from app.domain.ledger.tables import LedgerEpoch
from app.domain.money import NANOS
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.domain.wallets.shared import epoch_subject
from tests.support.saved_cards import TERMS, card_row, make_person, row, save_card, switch, switch_on


def begin() -> tuple[Account, Card]:
    person = make_person()
    card = save_card("sandbox", person)
    return switch_on(person, card), card


def notices(wallet: Account) -> list[NoticeKind]:
    with db.transaction(writes=False) as session:
        found = session.scalars(select(CardNotice).where(CardNotice.wallet_id == wallet.owner))  # type: ignore[arg-type]
        return sorted(notice.kind for notice in found)


def off(wallet: Account, reason: OffReason) -> int:
    with db.transaction() as session:
        bumps = auto_topup.switch_off(session, wallet.owner, reason)
        apply_all(session, bumps)
        return len(bumps)


def epoch(wallet: Account) -> int:
    with db.transaction(writes=False) as session:
        found = session.get(LedgerEpoch, epoch_subject(wallet.owner))
        return 0 if found is None else found.epoch


def threshold(wallet: Account) -> int | None:
    with db.transaction(writes=False) as session:
        return auto_topup.read_threshold(session, wallet.owner)


def stopped(wallet: Account, reason: OffReason) -> AutoTopup:
    off(wallet, reason)
    return row(wallet)


def test_switching_on_is_kept_with_its_consent_and_told_once(database: str) -> None:
    wallet, card = begin()
    found = row(wallet)
    assert (found.switch, found.card_id, auto_topup.terms_of(found)) == (Switch.ON, card.id, TERMS)
    assert (found.consent_text, found.consent_version, found.consent_address) == ("I allow it.", 2, "10.0.0.1")
    assert found.consented_at > 0 and threshold(wallet) == TERMS.threshold_nanos
    assert notices(wallet) == [NoticeKind.SWITCHED_ON] and epoch(wallet) == 1


def test_switching_off_is_idempotent_and_no_settlement_looks_any_more(database: str) -> None:
    wallet, _ = begin()
    assert (off(wallet, OffReason.FROZEN), off(wallet, OffReason.BY_OWNER)) == (1, 0)
    assert switch(wallet) == (Switch.OFF, OffReason.FROZEN)  # its first reason
    assert threshold(wallet) is None and epoch(wallet) == 2
    assert notices(wallet) == [NoticeKind.SWITCHED_OFF, NoticeKind.SWITCHED_ON]


def test_a_wallet_without_one_is_left_as_it_is(database: str) -> None:
    with db.transaction() as session:
        assert auto_topup.switch_off(session, "wal_none", OffReason.FROZEN) == []
        assert auto_topup.read_threshold(session, "wal_none") is None and auto_topup.find(session, "wal_none") is None


def test_what_could_end_by_itself_does_not_once_its_owner_said_so(database: str) -> None:
    wallet, _ = begin()
    off(wallet, OffReason.DECLINES)
    assert off(wallet, OffReason.BY_OWNER) == 0
    assert switch(wallet) == (Switch.OFF, OffReason.BY_OWNER)


@pytest.mark.parametrize(("reason", "resumes"), [
    (OffReason.DECLINES, True), (OffReason.HARD_DECLINE, False), (OffReason.BY_OWNER, False),
    (OffReason.CARD_REMOVED, False), (OffReason.FROZEN, False), (OffReason.REFUND_ASKED, False),
])  # fmt: skip
def test_a_paid_top_up_resumes_four_declines_and_nothing_else(database: str, reason: OffReason, resumes: bool) -> None:
    wallet, card = begin()
    off(wallet, reason)
    with db.transaction() as session:
        stored = session.get_one(Card, card.id)
        stored.attempts = 4
        found = auto_topup.find(session, wallet.owner, is_locked=True)
        assert found is not None
        assert len(auto_topup.resume_paid(session, found, stored)) == resumes
    assert switch(wallet)[0] is (Switch.ON if resumes else Switch.OFF)
    assert card_row(card).attempts == (3 if resumes else 4)  # one attempt, not four


@pytest.mark.parametrize("reason", list(OffReason))
@pytest.mark.parametrize("is_other", [True, False])
def test_another_card_by_its_fingerprint_resumes_what_a_bank_stopped(
    database: str, reason: OffReason, is_other: bool
) -> None:
    wallet, card = begin()
    found = stopped(wallet, reason)
    with db.transaction() as session:
        found = session.get_one(AutoTopup, wallet.owner)
        auto_topup.use_card(session, found, session.get_one(Card, card.id), "another" if is_other else card.fingerprint)
    resumes = is_other and reason in (OffReason.DECLINES, OffReason.HARD_DECLINE)
    assert switch(wallet)[0] is (Switch.ON if resumes else Switch.OFF)


def test_a_pause_ends_when_the_balance_is_there_and_waits_for_its_time(database: str) -> None:
    wallet, _ = begin()
    with db.transaction() as session:
        auto_topup.pause(session, session.get_one(AutoTopup, wallet.owner), clock.now() - 1)
    with db.transaction() as session:
        assert auto_topup.list_due(session, 9) == [wallet.owner]
        auto_topup.end_pause(session, session.get_one(AutoTopup, wallet.owner))
        assert auto_topup.list_due(session, 9) == []
    assert switch(wallet)[0] is Switch.ON


def test_the_fourth_charge_of_a_day_waits_until_it_is_let_go_on(database: str) -> None:
    wallet, _ = begin()
    with db.transaction() as session:
        found = session.get_one(AutoTopup, wallet.owner)
        auto_topup.wait_for_click(session, found)
        auto_topup.wait_for_click(session, found)
    assert switch(wallet)[0] is Switch.CLICK
    assert notices(wallet) == [NoticeKind.SWITCHED_ON, NoticeKind.WAITS_FOR_CLICK]
    with db.transaction() as session:
        auto_topup.go_on(session, session.get_one(AutoTopup, wallet.owner))
    assert switch(wallet)[0] is Switch.ON and row(wallet).clicked_at is not None


def test_lower_terms_bump_what_settlements_rest_on(database: str) -> None:
    wallet, card = begin()
    with db.transaction() as session:
        found = session.get_one(AutoTopup, wallet.owner)
        apply_all(session, [auto_topup.lower(session, found, Terms(NANOS, 500, 500))])
    assert threshold(wallet) == NANOS and epoch(wallet) == 2
    with db.transaction(writes=False) as session:
        assert auto_topup.list_wallets_of_card(session, card.id) == [wallet.owner]


def test_a_fee_is_never_more_than_was_agreed_to(database: str) -> None:
    person = make_person()
    wallet = switch_on(person, save_card("sandbox", person), replace(TERMS, fee_cents=60))
    asked = {(0, 0): 0, (300, 0): 60, (0, 30): 30, (2_000, 1_000): 60}
    for (basis_points, cents), fee in asked.items():
        assert auto_topup.terms_now(row(wallet), Surcharge(basis_points, cents)).fee_cents == fee
    assert auto_topup.terms_now(row(wallet), NO_SURCHARGE) == TERMS
