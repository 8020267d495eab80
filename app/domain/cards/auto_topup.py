"""Automatic top-up of a wallet: switched on by its owner's own choice, off by whatever says so, and seen by all alike.

A wallet's row is locked by whoever claims, changes or ends anything of it. Rows are locked in one order: top-up, its
charge, automatic top-up, card. What changes whether settlements look at the balance returns the bump of the wallet's
epoch, for the caller to apply with whatever else the ledger is asked.
"""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.cards import notices
from app.domain.cards.rules import ATTEMPTS_MAX, CONSENT_VERSION, Terms
from app.domain.cards.tables import AutoTopup, Card, NoticeKind, OffReason, Switch
from app.domain.ids import as_id
from app.domain.ledger.accounts import Account
from app.domain.ledger.operations import BumpEpoch
from app.domain.topups.surcharge import Surcharge
from app.domain.wallets.shared import epoch_subject
from app.sql.columns import table_of


@dataclass(frozen=True, slots=True)
class Consent:
    """What an owner has read and agreed to, and from which network address."""

    text: str
    address: str


def find(session: Session, wallet_id: str, *, is_locked: bool = False) -> AutoTopup | None:
    """Returns a wallet's automatic top-up, locked until the transaction ends if that is asked for; None without one."""
    if not is_locked:
        return session.get(AutoTopup, as_id(wallet_id))
    return session.get(AutoTopup, as_id(wallet_id), with_for_update=True, populate_existing=True)


def terms_of(row: AutoTopup) -> Terms:
    """Returns what an owner chose and agreed to."""
    return Terms(row.threshold_nanos, row.amount_cents, row.cap_cents, row.fee_cents)


def terms_now(row: AutoTopup, surcharge: Surcharge) -> Terms:
    """Returns what a charge is made by: it costs beside what is asked now, and never more than its owner agreed to."""
    return replace(terms_of(row), fee_cents=min(row.fee_cents, surcharge.fee_cents(row.amount_cents)))


def read_threshold(session: Session, wallet_id: str) -> int | None:
    """Returns the balance (nanos of the wallet's unit) below which a settlement asks for a top-up; None for never."""
    table = table_of(AutoTopup)
    found = select(table.c.threshold_nanos).where(table.c.wallet_id == wallet_id, table.c.switch != Switch.OFF)
    return session.scalar(found)


def switch_on(
    session: Session, wallet: Account, person_id: str, card_id: str, terms: Terms, consent: Consent
) -> BumpEpoch:
    """Switches a wallet's automatic top-up on, or changes it, with a consent; the terms were checked before.

    It charges nothing: that a settlement or a refused hold does.
    """
    now, row = clock.now(), find(session, wallet.owner, is_locked=True)
    was_off = row is None or row.switch is Switch.OFF
    if row is None:
        row = AutoTopup(
            wallet_id=wallet.owner, account_id=wallet.id, person_id=person_id, card_id=card_id,
            threshold_nanos=terms.threshold_nanos, amount_cents=terms.amount_cents, cap_cents=terms.cap_cents,
            fee_cents=terms.fee_cents, switch=Switch.ON, consent_text=consent.text, consent_version=CONSENT_VERSION,
            consented_at=now, consent_address=consent.address, changed_at=now,
        )  # fmt: skip
        session.add(row)
    row.card_id = card_id
    _keep(row, terms)
    row.consent_text, row.consent_version = consent.text, CONSENT_VERSION
    row.consented_at, row.consent_address = now, consent.address
    _turn(row, Switch.ON)
    session.flush()
    if was_off:
        notices.note(session, (wallet.owner, person_id), NoticeKind.SWITCHED_ON, str(now), card_id=card_id)
    return BumpEpoch(epoch_subject(wallet.owner))


def lower(session: Session, row: AutoTopup, terms: Terms) -> BumpEpoch:
    """Changes a locked automatic top-up to terms that allow no more than those before."""
    _keep(row, terms)
    row.changed_at = clock.now()
    session.flush()
    return BumpEpoch(epoch_subject(row.wallet_id))


def use_card(session: Session, row: AutoTopup, card: Card, fingerprint_before: str) -> list[BumpEpoch]:
    """Charges another saved card from now on.

    Another card by its fingerprint lets go on what a bank's no has paused or stopped; the same one, saved again, does
    not. Returns what the ledger is to be asked.
    """
    row.card_id, row.changed_at = card.id, clock.now()
    is_other = card.fingerprint != fingerprint_before
    declined = row.switch is Switch.PAUSED or row.off_reason in (OffReason.DECLINES, OffReason.HARD_DECLINE)
    if is_other and declined:
        _turn(row, Switch.ON)
    session.flush()
    return [BumpEpoch(epoch_subject(row.wallet_id))]


def resume_paid(session: Session, row: AutoTopup, card: Card) -> list[BumpEpoch]:
    """Lets a locked automatic top-up go on because its wallet was paid into: one that waits after a bank's no, or that
    was stopped by four of them, never one that was stopped by a hard no.

    The card gets one attempt for that, not four: a bank that goes on saying no is asked no more often than its owner
    pays otherwise.
    """
    if row.switch is not Switch.PAUSED and row.off_reason is not OffReason.DECLINES:
        return []
    card.attempts = min(card.attempts, ATTEMPTS_MAX - 1)
    was_off = row.switch is Switch.OFF
    _turn(row, Switch.ON)
    session.flush()
    return [BumpEpoch(epoch_subject(row.wallet_id))] if was_off else []


def go_on(session: Session, row: AutoTopup) -> None:
    """Notes that the owner of a locked automatic top-up let the next charges of a day come."""
    row.clicked_at = clock.now()
    if row.switch is Switch.CLICK:
        _turn(row, Switch.ON)
    session.flush()


def wait_for_click(session: Session, row: AutoTopup) -> None:
    """Lets a locked automatic top-up wait for its owner, who is told."""
    if row.switch is Switch.CLICK:
        return
    _turn(row, Switch.CLICK)
    session.flush()
    notices.note(session, (row.wallet_id, row.person_id), NoticeKind.WAITS_FOR_CLICK, str(row.changed_at))


def pause(session: Session, row: AutoTopup, until: int) -> None:
    """Leaves the bank alone for a while, after it said no."""
    _turn(row, Switch.PAUSED)
    row.next_at, row.declined_at = until, clock.now()
    session.flush()


def end_pause(session: Session, row: AutoTopup) -> None:
    """Drops what was to be tried again, because the balance is no longer below."""
    if row.switch is Switch.PAUSED:
        _turn(row, Switch.ON)
        session.flush()


def switch_off(session: Session, wallet_id: str, reason: OffReason) -> list[BumpEpoch]:
    """Switches a wallet's automatic top-up off, in the caller's transaction, and has its owner told why.

    Idempotent: what is off stays off for its first reason, except that a stop which could end by itself (`declines`,
    `hard_decline`) ends no more once its owner, a freeze or a refund said so too. A wallet without one is left as it
    is. Returns what the ledger is to be asked, for the caller to apply with everything else.
    """
    row = find(session, wallet_id, is_locked=True)
    return [] if row is None else switch_off_locked(session, row, reason)


def switch_off_locked(session: Session, row: AutoTopup, reason: OffReason) -> list[BumpEpoch]:
    """Does what `switch_off` does with a row that is locked already."""
    was_off = row.switch is Switch.OFF
    ends_by_itself = row.off_reason in (OffReason.DECLINES, OffReason.HARD_DECLINE)
    if was_off and not ends_by_itself:
        return []
    if reason in (OffReason.DECLINES, OffReason.HARD_DECLINE):
        row.declined_at = clock.now()
    _turn(row, Switch.OFF, reason)
    session.flush()
    if was_off:
        return []
    notices.note(session, (row.wallet_id, row.person_id), NoticeKind.SWITCHED_OFF, str(row.changed_at),
                 card_id=row.card_id, off_reason=reason)  # fmt: skip
    return [BumpEpoch(epoch_subject(row.wallet_id))]


def list_wallets_of_card(session: Session, card_id: str) -> list[str]:
    """Returns the wallets whose automatic top-up charges a card."""
    table = table_of(AutoTopup)
    return list(
        session.scalars(select(table.c.wallet_id).where(table.c.card_id == card_id).order_by(table.c.wallet_id))
    )


def list_due(session: Session, limit: int) -> list[str]:
    """Returns the wallets whose bank said no and may be asked again now."""
    table = table_of(AutoTopup)
    due = select(table.c.wallet_id).where(table.c.next_at.is_not(None), table.c.next_at <= clock.now())
    return list(session.scalars(due.order_by(table.c.next_at).limit(limit)))


def _keep(row: AutoTopup, terms: Terms) -> None:
    row.threshold_nanos, row.amount_cents, row.cap_cents = terms.threshold_nanos, terms.amount_cents, terms.cap_cents
    row.fee_cents = terms.fee_cents


def _turn(row: AutoTopup, switch: Switch, reason: OffReason | None = None) -> None:
    row.switch, row.off_reason, row.next_at, row.changed_at = switch, reason, None, clock.now()
