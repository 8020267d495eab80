"""Charges of saved cards: claimed by a row before the rail hears of them, and ended by what it says.

`open` → `paid` | `declined` | `waits` | `void`, `waits` → `paid` | `declined` | `cancelled`; and whatever ended unpaid
is `paid` if the money comes all the same. The row has every parameter that is sent, and its id is the rail's key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import auto_topup, notices
from app.domain.cards.rules import CONFIRM_SECONDS, UNKNOWN_SECONDS, Cents, attempts_now, is_hard, pause_seconds
from app.domain.cards.sums import Use, find_in_flight, next_n
from app.domain.cards.tables import AutoTopup, Card, CardCharge, ChargeOutcome, Customer, NoticeKind, OffReason, Switch
from app.domain.errors import Refused
from app.domain.inbox.connections import read_connection
from app.domain.ledger.accounts import Account, parse
from app.domain.ledger.operations import BumpEpoch
from app.domain.money import nanos_of_cents
from app.domain.topups import topups
from app.domain.topups.tables import Topup, TopupKind
from app.domain.topups.topups import CURRENCY, NewTopup
from app.domain.topups.trying import note_decline
from app.sql.columns import table_of

FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 30, 3_600
ERROR_CHARACTERS_MAX = 300
_OPEN = (ChargeOutcome.OPEN, ChargeOutcome.WAITS)


class AlreadyCharging(Refused):
    """Another charge of a saved card is about to fill this wallet."""

    code = "charge_in_flight"


@dataclass(frozen=True, slots=True)
class ChargeView:
    """A charge as the flow that carries it out needs it. `calls` counts the attempts with this one; `age_seconds` is
    how long ago it was claimed."""

    id: str
    connection_id: str
    account: Account
    kind: TopupKind
    month: str | None
    n: int | None
    paid_cents: int
    credited_nanos: int
    customer_ref: str
    card_ref: str
    description: str
    outcome: ChargeOutcome
    payment_ref: str | None
    calls: int
    is_unwanted: bool
    age_seconds: int


def claim(
    session: Session, wallet: Account, card: Card, cents: Cents, kind: TopupKind, *, topup_id: str | None = None,
    use: Use | None = None,
) -> str:  # fmt: skip
    """Writes the row of one charge, and returns its id; the rail is called after the transaction.

    Automatic ones are counted within their month. The attempt counts on the card from now on, whatever comes of it.
    Raises AlreadyCharging where the wallet has one in flight.
    """
    customer = session.get_one(Customer, card.customer_id)
    is_open = read_connection(session, customer.connection_id).is_open
    if customer.ref is None or card.removed_at is not None or not is_open:
        raise Refused("This card cannot be charged.")
    if find_in_flight(session, wallet.owner) is not None:
        raise AlreadyCharging("A payment with a saved card is being made already.")
    now = clock.now()
    month = month_of(now) if kind is TopupKind.AUTO else None
    credited = nanos_of_cents(cents.credited, wallet.unit)
    new = NewTopup(wallet, customer.connection_id, CURRENCY, cents.credited + cents.fee, credited)
    id_ = topups.create(session, new, topup_id)
    topup = session.get_one(Topup, id_)
    topup.kind, topup.month = kind, month
    topup.n = None if month is None else next_n(session, wallet.owner, month)
    paywall_id, user = (None, None) if use is None else (use.paywall_id, use.user)
    session.add(
        CardCharge(
            id=id_, card_id=card.id, customer_ref=customer.ref, card_ref=card.ref, description="Top-up",
            outcome=ChargeOutcome.OPEN, next_at=now, paywall_id=paywall_id, external_id=user,
        )
    )  # fmt: skip
    session.flush()
    _count_attempt(session, card, now)
    return id_


def _count_attempt(session: Session, card: Card, now: int) -> None:
    row = session.get_one(Card, card.id, with_for_update=True, populate_existing=True)
    before = attempts_now(row.attempts, row.attempts_since, now)
    row.attempts = before + 1
    if before == 0:
        row.attempts_since = now
    session.flush()


def list_due(session: Session, limit: int) -> Sequence[str]:
    """Returns the charges that are to be gone on with now, the longest waiting first."""
    table = table_of(CardCharge)
    due = select(table.c.id).where(table.c.ended_at.is_(None), table.c.next_at <= clock.now())
    return list(session.scalars(due.order_by(table.c.next_at, table.c.id).limit(limit)))


def take(session: Session, charge_id: str, *, is_due: bool = False) -> ChargeView | None:
    """Returns a charge that has not ended, for one caller to go on with; with `is_due` only if it is its time.

    It is put off meanwhile, longer each time, so that no other takes it.
    """
    topup = session.get(Topup, charge_id, with_for_update=True, populate_existing=True)
    row = session.get(CardCharge, charge_id, with_for_update=True, populate_existing=True)
    now = clock.now()
    if topup is None or row is None or row.outcome not in _OPEN or (is_due and row.next_at > now):
        return None
    row.calls += 1
    pause = min(FIRST_PAUSE_SECONDS << min(row.calls - 1, 20), LAST_PAUSE_SECONDS)
    if row.outcome is ChargeOutcome.WAITS and row.unwanted_at is None and row.waits_since is not None:
        left = row.waits_since + CONFIRM_SECONDS * clock.SECOND - now
        pause = min(LAST_PAUSE_SECONDS, max(FIRST_PAUSE_SECONDS, left // clock.SECOND))
    row.next_at = now + pause * clock.SECOND
    session.flush()
    return _view(session, topup, row)


def _view(session: Session, topup: Topup, row: CardCharge) -> ChargeView:
    is_over = row.waits_since is not None and row.waits_since + CONFIRM_SECONDS * clock.SECOND <= clock.now()
    auto = auto_topup.find(session, topup.wallet_id) if topup.kind is TopupKind.AUTO else None
    is_off = auto is not None and auto.switch is Switch.OFF
    return ChargeView(
        id=topup.id, connection_id=topup.connection_id, account=parse(topup.account_id), kind=topup.kind,
        month=topup.month, n=topup.n, paid_cents=topup.paid_cents, credited_nanos=topup.credited_nanos,
        customer_ref=row.customer_ref, card_ref=row.card_ref, description=row.description, outcome=row.outcome,
        payment_ref=row.payment_ref, calls=row.calls, is_unwanted=row.unwanted_at is not None or is_over or is_off,
        age_seconds=(clock.now() - topup.created_at) // clock.SECOND,
    )  # fmt: skip


def note_seen(session: Session, charge_id: str, payment_ref: str | None, rail_at: int | None) -> int | None:
    """Keeps a payment's name at the rail as soon as it is known, and the rail's clock at its first answer.

    Returns how many seconds ago that first answer was, by the rail's clock; None as long as it has told no time.
    """
    row = session.get_one(CardCharge, charge_id, with_for_update=True, populate_existing=True)
    row.payment_ref = row.payment_ref or payment_ref
    if rail_at is not None and row.asked_at is None:
        row.asked_at = rail_at
    session.flush()
    return None if rail_at is None or row.asked_at is None else (rail_at - row.asked_at) // clock.SECOND


def is_forgotten(seconds: int | None) -> bool:
    """Tells whether a rail cannot know a charge any more that it never said it knows."""
    return seconds is not None and seconds >= UNKNOWN_SECONDS


def note_error(session: Session, charge_id: str, error: str) -> None:
    """Keeps why a charge is not known yet; it is asked about again when its pause has passed."""
    row = session.get(CardCharge, charge_id, with_for_update=True, populate_existing=True)
    if row is not None and row.outcome in _OPEN:
        row.last_error = error[:ERROR_CHARACTERS_MAX]
        session.flush()


def needs_owner(session: Session, charge_id: str, payment_ref: str) -> bool:
    """Notes that the bank wants a charge confirmed: that is no decline, and its owner is told. False if it was so."""
    topup, row = _locked(session, charge_id)
    if row.outcome is not ChargeOutcome.OPEN:
        return False
    row.outcome, row.waits_since, row.payment_ref = ChargeOutcome.WAITS, clock.now(), payment_ref
    row.next_at = clock.now() + FIRST_PAUSE_SECONDS * clock.SECOND
    session.flush()
    auto = auto_topup.find(session, topup.wallet_id, is_locked=True)
    _give_attempt_back(session, row)
    if topup.kind is TopupKind.AUTO and auto is not None:
        _tell(session, auto, NoticeKind.NEEDS_YOU, row)
    return True


def decline(
    session: Session, charge_id: str, code: str, decline_code: str | None, advice_code: str | None
) -> list[BumpEpoch]:
    """Ends a charge that the bank said no to: automatic top-up waits, and is off after the fourth or a hard no.

    Returns what the ledger is to be asked.
    """
    topup, row = _locked(session, charge_id)
    if row.outcome not in _OPEN:
        return []
    row.decline_code = decline_code or code
    was_given_back = row.outcome is ChargeOutcome.WAITS
    _end(session, topup, row, ChargeOutcome.DECLINED)
    if topup.kind is TopupKind.CARD:
        note_decline(session, topup)
    auto = auto_topup.find(session, topup.wallet_id, is_locked=True) if topup.kind is TopupKind.AUTO else None
    card = session.get_one(Card, row.card_id, with_for_update=True, populate_existing=True)
    if was_given_back:
        card.attempts += 1
        session.flush()
    if auto is None or auto.card_id != card.id:
        return []
    if is_hard(decline_code, advice_code):
        return auto_topup.switch_off_locked(session, auto, OffReason.HARD_DECLINE)
    seconds = pause_seconds(card.attempts)
    if seconds is None:
        return auto_topup.switch_off_locked(session, auto, OffReason.DECLINES)
    if auto.off_reason is None:
        auto_topup.pause(session, auto, clock.now() + seconds * clock.SECOND)
        if card.attempts == 1:
            _tell(session, auto, NoticeKind.FIRST_DECLINE, row)
    return []


def cancel(session: Session, charge_id: str) -> None:
    """Ends a charge that was taken back at the rail before anything was paid; that is no decline."""
    topup, row = _locked(session, charge_id)
    if row.outcome in _OPEN:
        if row.outcome is ChargeOutcome.OPEN:
            _give_attempt_back(session, row)
        _end(session, topup, row, ChargeOutcome.CANCELLED)


def void(session: Session, charge_id: str, error: str) -> None:
    """Ends a charge that the rail never took: what is not known there after 25 hours, or cannot be done at all."""
    topup, row = _locked(session, charge_id)
    if row.outcome in _OPEN:
        row.last_error = error[:ERROR_CHARACTERS_MAX]
        _give_attempt_back(session, row)
        _end(session, topup, row, ChargeOutcome.VOID)


def unwant(session: Session, charge_id: str) -> None:
    """Lets a charge that waits for its owner be cancelled at the rail, as soon as somebody comes to it."""
    row = session.get(CardCharge, charge_id, with_for_update=True, populate_existing=True)
    if row is not None and row.outcome is ChargeOutcome.WAITS and row.unwanted_at is None:
        row.unwanted_at = row.next_at = clock.now()
        session.flush()


def note_paid(session: Session, topup: Topup) -> list[BumpEpoch]:
    """Does what follows from a locked top-up that was credited just now, whichever way it was paid.

    A charge of a card ends, and its card begins anew; a wallet that a bank's no kept from being filled goes on; a
    charge that waits for its owner's bank is cancelled, and if that was confirmed before, its owner reads that both
    were credited. Returns what the ledger is to be asked.
    """
    charge = session.get(CardCharge, topup.id, with_for_update=True, populate_existing=True)
    waiting = find_in_flight(session, topup.wallet_id)
    if waiting is not None:
        unwant(session, waiting.id)
    auto = auto_topup.find(session, topup.wallet_id, is_locked=True)
    if charge is not None:
        charge.outcome, charge.ended_at, charge.payment_ref = ChargeOutcome.PAID, clock.now(), topup.payment_id
        session.flush()
        card = session.get_one(Card, charge.card_id, with_for_update=True, populate_existing=True)
        card.attempts, card.attempts_since = 0, None
        session.flush()
        _tell_paid(session, topup, charge, auto)
    if auto is None:
        return []
    card = session.get_one(Card, auto.card_id, with_for_update=True, populate_existing=True)
    return auto_topup.resume_paid(session, auto, card)


def _tell_paid(session: Session, topup: Topup, charge: CardCharge, auto: AutoTopup | None) -> None:
    is_second = charge.unwanted_at is not None
    if auto is not None and (is_second or topup.kind is TopupKind.AUTO):
        _tell(session, auto, NoticeKind.CHARGED_TWICE if is_second else NoticeKind.CHARGED, charge)


def _tell(session: Session, auto: AutoTopup, kind: NoticeKind, charge: CardCharge) -> None:
    wallet = (auto.wallet_id, auto.person_id)
    notices.note(session, wallet, kind, charge.id, topup_id=charge.id, card_id=charge.card_id)


def _locked(session: Session, charge_id: str) -> tuple[Topup, CardCharge]:
    topup = session.get_one(Topup, charge_id, with_for_update=True, populate_existing=True)
    return topup, session.get_one(CardCharge, charge_id, with_for_update=True, populate_existing=True)


def _give_attempt_back(session: Session, row: CardCharge) -> None:
    card = session.get_one(Card, row.card_id, with_for_update=True, populate_existing=True)
    card.attempts = max(card.attempts - 1, 0)
    session.flush()


def _end(session: Session, topup: Topup, row: CardCharge, outcome: ChargeOutcome) -> None:
    row.outcome, row.ended_at = outcome, clock.now()
    session.flush()
    topups.expire(session, topup)
