"""The mails about saved cards: each is written with what it tells of, and sent behind it, at least once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain import clock
from app.domain.authorizations.caps import month_of
from app.domain.cards import auto_topup, notices, sums
from app.domain.cards.notices import Notice
from app.domain.cards.tables import Card, NoticeKind, OffReason
from app.domain.errors import ProviderFailed
from app.domain.ledger.accounts import parse
from app.domain.money import CENT_NANOS, Unit, format_for_people
from app.domain.people.tables import PersonAccount
from app.domain.topups.tables import Topup
from app.domain.wallets.shared import read_shared_balance
from app.each_alone import each_alone
from app.flows.events.mails import Desk

log = structlog.get_logger()

BATCH = 100
TOLD_WITHIN_SECONDS = 3 * 86_400
OFF_BECAUSE = {
    OffReason.BY_OWNER: "you switched it off",
    OffReason.CARD_REMOVED: "its card was removed, or can be charged here no more",
    OffReason.FROZEN: "your wallet was frozen",
    OffReason.REFUND_ASKED: "a refund was asked for",
    OffReason.DECLINES: "your bank declined 4 times",
    OffReason.HARD_DECLINE: "your bank wants this card not to be charged again",
}
"""Why automatic top-up is off, as its owner reads it."""


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's subject and text."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class _About:
    """All that the words of a notice are made of. `cents` are the charge's, `kept` its terms in words."""

    notice: Notice
    address: str
    card: str
    amount: str
    month: str
    balance: str
    threshold: str
    retry_at: str
    base_url: str


@dataclass(frozen=True, slots=True)
class CardMails:
    """Sends them from one process; `base_url` is what our own addresses begin with."""

    desk: Desk
    base_url: str

    async def send_due(self) -> int:
        """Mails what is to be told, and returns how much that was.

        What cannot be sent now is told later, for three days: after that it is no news to anybody.
        """
        due: Sequence[Notice] = await db.in_transaction(partial(notices.take_due, limit=BATCH), writes=True)
        await each_alone("card_notice", due, self._send, lambda notice: notice.id)
        return len(due)

    async def _send(self, notice: Notice) -> None:
        about = await db.in_transaction(lambda session: _read(session, notice, self.base_url))
        if about is not None:
            words = words_of(about)
            try:
                await self.desk.deliver(about.address, words.subject, words.text)
            except ProviderFailed as failure:
                if notice.age_seconds < TOLD_WITHIN_SECONDS:
                    raise
                log.error("card_notice", notice=notice.id, step="given_up", error=failure.message)
        await db.in_transaction(partial(notices.note_told, notice_id=notice.id), writes=True)


def _read(session: Session, notice: Notice, base_url: str) -> _About | None:
    """Returns what a notice is made of; None for somebody who has no address any more."""
    person = session.get(PersonAccount, notice.person_id)
    row = auto_topup.find(session, notice.wallet_id)
    if person is None or person.email is None or row is None:
        return None
    wallet, topup = parse(row.account_id), session.get(Topup, notice.topup_id) if notice.topup_id else None
    card = session.get(Card, notice.card_id or row.card_id)
    cents = auto_topup.terms_of(row).paid_cents if topup is None else topup.paid_cents
    used = sums.month_cents(session, notice.wallet_id, month_of(clock.now()))
    balance = read_shared_balance(session, wallet).posted_nanos
    return _About(
        notice=notice,
        address=person.email,
        card="your card" if card is None else f"{card.brand.title()} ···{card.last_four}",
        amount=_dollars(cents),
        month=f"{_dollars(used)} of {_dollars(row.cap_cents)} used this month (UTC)",
        balance=format_for_people(balance, wallet.unit),
        threshold=format_for_people(row.threshold_nanos, wallet.unit),
        retry_at="" if row.next_at is None else clock.to_iso(row.next_at)[:16].replace("T", " ") + " UTC",
        base_url=base_url,
    )


def words_of(about: _About) -> Words:
    """Returns a mail's words: what happened, and what its reader can do."""
    amount, card, settings = about.amount, about.card, f"{about.base_url}/settings/"
    off = f"Switch it off or change it: {settings}"
    match about.notice.kind:
        case NoticeKind.SWITCHED_ON:
            text = f"{card} is charged {amount} whenever your balance falls below {about.threshold}. {off}"
            return Words("Automatic top-up is on", text)
        case NoticeKind.CHARGED:
            text = f"{card} was charged {amount}. Your balance is {about.balance}. {about.month}."
            where = f"The receipt is in your activity: {about.base_url}/activity/"
            return Words(f"Automatic top-up of {amount}", f"{text}\n\n{where}\n{off}")
        case NoticeKind.CHARGED_TWICE:
            text = (f"You confirmed an automatic top-up of {amount} and paid in another way as well. Both were credited"
                    f" to your wallet; your balance is {about.balance}. If you want one back, ask for its refund within"
                    f" 14 days: {about.base_url}/wallet/")  # fmt: skip
            return Words("Two top-ups were credited", text)
        case NoticeKind.FIRST_DECLINE:
            again = f" It is tried again at {about.retry_at}." if about.retry_at else ""
            text = f"Your bank declined an automatic top-up of {amount} from {card}.{again} Nothing was charged."
            return Words("Your bank declined an automatic top-up", f"{text}\n\nUse another card: {settings}")
        case NoticeKind.NEEDS_YOU:
            text = (f"Your bank wants you to confirm an automatic top-up of {amount} from {card}. Nothing was charged"
                    f" yet; after 24 hours it is cancelled.\n\nConfirm: {_confirm_page(about)}")  # fmt: skip
            return Words(f"Confirm your top-up of {amount}", text)
        case NoticeKind.WAITS_FOR_CLICK:
            text = f"{card} was charged three times within a day. The next {amount} waits until you let it go on."
            return Words("Automatic top-up waits for you", f"{text}\n\n{settings}")
        case NoticeKind.CAP_REACHED:
            text = f"{about.month}: another {amount} would be more than you allow. It goes on next month."
            return Words("Automatic top-up has reached its month's limit", f"{text} {off}")
        case NoticeKind.SWITCHED_OFF:
            reason = about.notice.off_reason
            why = "" if reason is None else f", because {OFF_BECAUSE[reason]}"
            return Words("Automatic top-up is off", f"Automatic top-up is off{why}. Settings: {settings}")
        case NoticeKind.CARD_REPLACED:
            return Words("Your saved card was replaced", f"Your bank replaced your card; {card} is charged now. {off}")
        case NoticeKind.CARD_EXPIRES:
            text = f"{card}, which your automatic top-up charges, expires soon. Save another: {settings}"
            return Words("Your saved card expires soon", text)


def _confirm_page(about: _About) -> str:
    return f"{about.base_url}/confirm/{about.notice.topup_id}/"


def _dollars(cents: int) -> str:
    return format_for_people(cents * CENT_NANOS, Unit.USD)
