"""The one look at a wallet: whether its card is to be charged now, and if so the row that charges it, in one
transaction under the automatic top-up's own row, whoever else looks at the same time."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import auto_topup, charges, notices, sums
from app.domain.cards.rules import Answer, Cents, Facts, attempts_now, decide, expires_soon
from app.domain.cards.sums import Use
from app.domain.cards.tables import AutoTopup, Card, ChargeOutcome, Customer, NoticeKind, OffReason
from app.domain.inbox import health
from app.domain.inbox.connections import read_connection
from app.domain.ledger.accounts import parse
from app.domain.ledger.operations import BumpEpoch
from app.domain.topups.surcharge import NO_SURCHARGE, Surcharge
from app.domain.topups.tables import TopupKind
from app.domain.wallets.shared import is_frozen, read_shared_balance


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to. `charge_id` is the charge that was claimed, or the one that waits for its owner's bank."""

    answer: Answer
    charge_id: str | None = None
    bumps: tuple[BumpEpoch, ...] = ()


def look(
    session: Session, wallet_id: str, *, use: Use | None = None, is_clicked: bool = False,
    surcharge: Surcharge = NO_SURCHARGE,
) -> Looked:  # fmt: skip
    """Looks whether a wallet is to be filled, and claims the charge if so.

    `is_clicked`: its owner wants it now, whatever three charges a day or a bank that is left alone say. The caller
    applies `bumps`, and then carries the charge out. `surcharge` is what it costs beside.
    """
    row = auto_topup.find(session, wallet_id, is_locked=True)
    if row is None:
        return Looked(Answer.OFF)
    card = session.get_one(Card, row.card_id)
    in_flight = sums.find_in_flight(session, wallet_id)
    outcome = None if in_flight is None else in_flight.outcome
    facts = _facts(session, row, card, outcome, is_clicked=is_clicked)
    terms = auto_topup.terms_now(row, surcharge)
    answer = decide(row.switch, row.next_at, terms, facts)
    if answer is Answer.CHARGE:
        if is_clicked:
            auto_topup.go_on(session, row)
        if expires_soon(card.expiry_year, card.expiry_month, clock.now()):
            notices.note(session, (row.wallet_id, row.person_id), NoticeKind.CARD_EXPIRES,
                         f"{card.id}:{card.expiry_year}-{card.expiry_month}", card_id=card.id)  # fmt: skip
        wallet, use = parse(row.account_id), use or sums.last_use(session, wallet_id)
        cents = Cents(terms.amount_cents, terms.fee_cents)
        return Looked(answer, charges.claim(session, wallet, card, cents, TopupKind.AUTO, use=use))
    bumps: list[BumpEpoch] = []
    if facts.is_frozen:
        bumps = auto_topup.switch_off_locked(session, row, OffReason.FROZEN)
    elif facts.is_closed:
        bumps = auto_topup.switch_off_locked(session, row, OffReason.CARD_REMOVED)
    return Looked(answer, None if in_flight is None else in_flight.id, (*bumps, *_note(session, row, answer)))


def _facts(session: Session, row: AutoTopup, card: Card, in_flight: ChargeOutcome | None, *, is_clicked: bool) -> Facts:
    now, wallet = clock.now(), parse(row.account_id)
    connection = read_connection(session, session.get_one(Customer, card.customer_id).connection_id)
    return Facts(
        now=now,
        balance_nanos=read_shared_balance(session, wallet).posted_nanos,
        month_cents=sums.month_cents(session, row.wallet_id, month_of(now)),
        day_charges=sums.count_since(session, row.wallet_id, max(now - clock.DAY, row.clicked_at or 0)),
        attempts=attempts_now(card.attempts, card.attempts_since, now),
        is_in_flight=in_flight is not None,
        is_waiting=in_flight is ChargeOutcome.WAITS,
        is_frozen=is_frozen(session, row.wallet_id),
        is_closed=not connection.is_open,
        is_up_to_date=health.is_up_to_date(session, connection.id),
        is_clicked=is_clicked,
    )


def _note(session: Session, row: AutoTopup, answer: Answer) -> list[BumpEpoch]:
    """Keeps what a look found that its owner must know."""
    if answer in (Answer.ENOUGH, Answer.USED_UP):
        auto_topup.end_pause(session, row)
    elif answer is Answer.NEEDS_CLICK:
        auto_topup.wait_for_click(session, row)
    if answer is Answer.USED_UP:
        month = month_of(clock.now())
        notices.note(session, (row.wallet_id, row.person_id), NoticeKind.CAP_REACHED, month, card_id=row.card_id)
    elif answer is Answer.TIRED:
        return auto_topup.switch_off_locked(session, row, OffReason.DECLINES)
    return []
