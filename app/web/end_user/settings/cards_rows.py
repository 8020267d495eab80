"""What the settings show of a person's cards and of their automatic top-up, ready to be read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.cards.rules import State, Terms
from app.domain.cards.tables import ChargeOutcome, OffReason
from app.domain.inbox.connections import Connection
from app.domain.money import CENT_NANOS, Unit, format_decimal, format_for_people, nanos_of_cents
from app.domain.paywalls.paywall import find_credits
from app.domain.people.sessions import Person
from app.flows.cards.settings import AutoTopupView, CardSettings, CardView, ChargeRow, read_settings
from app.flows.payments.offered import list_own_offered
from app.web.end_user.wallet.rows import choose_environment
from app.wiring.rules import credits_environment_of, surcharge_of

_EXPIRES_SOON_DAYS = 40
_OFF = {
    OffReason.CARD_REMOVED: "its card was removed. You can switch it on again with another.",
    OffReason.FROZEN: "this wallet was frozen. You can switch it on again.",
    OffReason.REFUND_ASKED: "you asked for money back. You can switch it on again.",
    OffReason.DECLINES: "your bank declined 4 times. A paid top-up or another card switches it on again.",
    OffReason.HARD_DECLINE: "your bank does not want this card charged any more. Another card switches it on again.",
}
_OUTCOMES = {
    ChargeOutcome.OPEN: ("on its way", "wait"),
    ChargeOutcome.WAITS: ("your bank asks", "wait"),
    ChargeOutcome.PAID: ("paid", "good"),
    ChargeOutcome.DECLINED: ("declined", "bad"),
    ChargeOutcome.CANCELLED: ("not confirmed", "muted"),
    ChargeOutcome.VOID: ("nothing charged", "muted"),
}


@dataclass(frozen=True)
class SavedCardRow:
    """A saved card; `question` is what removing it asks. `is_another`: automatic top-up could charge it in place of the
    one that it has."""

    id: str = ""
    name: str = ""
    art: str = ""
    detail: str = ""
    is_expiring: bool = False
    is_default: bool = False
    may_be_automatic: bool = True
    is_another: bool = False
    question: str = ""


@dataclass(frozen=True)
class AutoRow:
    """Automatic top-up: its tag, the sentence of what comes next (`head` and `text`), and what can be done now.

    `tone` is of the box, `share` the width of the month's bar. `threshold`, `amount` and `cap` are as they are typed.
    """

    tag: str = "Off"
    tag_tone: str = ""
    head: str = ""
    text: str = ""
    tone: str = ""
    share: str = ""
    confirm_url: str = ""
    confirm_label: str = ""
    is_on: bool = False
    can_try: bool = False
    can_use_other: bool = False
    threshold: str = "5.00"
    amount: str = "20.00"
    cap: str = "100.00"
    balance: str = ""
    month_left: str = ""


@dataclass(frozen=True)
class ChargedRow:
    """One automatic charge; `receipt` leads to it in the activity, empty where nothing was charged."""

    id: str = ""
    when: str = ""
    paid: str = ""
    got: str = ""
    status: str = ""
    tone: str = ""
    receipt: str = ""


@dataclass(frozen=True)
class CardsPage:
    """All of it. `connection_id` is where cards are saved, empty where none can be; `merchant` is who charges.

    The automatic top-up is of the wallet that counts `unit`; credits are one where a person `has_credits`.
    """

    connection_id: str = ""
    environment: str = ""
    is_sandbox: bool = False
    is_frozen: bool = False
    unit: str = Unit.USDC.value
    has_credits: bool = False
    merchant: str = "Coinslot"
    cards: list[SavedCardRow] = field(default_factory=list)
    auto: AutoRow = AutoRow()
    charges: list[ChargedRow] = field(default_factory=list)


def read_cards_page(session: Session, person: Person, unit: Unit) -> CardsPage:
    """Reads a person's cards where their wallet's are saved, and the automatic top-up of their wallet of a unit.

    Of credits only where they are offered, else of the shared wallet.
    """
    environment, _ = choose_environment(session, person, "")
    here = credits_environment_of(wiring.get().settings)
    has_credits = find_credits(session, here) is not None
    environment, unit = (here, unit) if has_credits and unit is Unit.CREDIT else (environment, Unit.USDC)
    connection = _where(list_own_offered(session, environment))
    if connection is None:
        return CardsPage(environment=environment.value, has_credits=has_credits)
    surcharge = surcharge_of(wiring.get().settings)
    found = read_settings(session, person, environment, connection.id, surcharge, unit)
    return CardsPage(
        connection_id=connection.id,
        environment=environment.value,
        is_sandbox=environment.value == "sandbox",
        is_frozen=found.is_frozen,
        has_credits=has_credits,
        unit=found.unit.value,
        merchant=wiring.get().settings.merchant,
        cards=[_card(card, found.auto.card) for card in found.cards],
        auto=_auto(found),
        charges=[_charged(row, found.unit) for row in found.charges],
    )


def _where(ways: Sequence[Connection]) -> Connection | None:
    """Returns where cards are saved: at Stripe where the operator has an account there, else in the sandbox."""
    return next(iter(ways), None)


def _card(card: CardView, charged: CardView | None) -> SavedCardRow:
    detail, is_expiring = _expiry(card)
    if card.is_for_auto_topup:
        detail += " · used for auto top-up"
    elif not card.may_be_unattended:
        detail += " · your bank asks each time, so not for auto top-up"
    switches_off = " Auto top-up will be switched off." if card.is_for_auto_topup else ""
    return SavedCardRow(
        id=card.id,
        name=card.name,
        art={"visa": "VISA", "mastercard": "MC", "amex": "AMEX"}.get(card.brand.lower(), card.brand.upper()[:5]),
        detail=detail,
        is_expiring=is_expiring,
        is_default=card.is_default,
        may_be_automatic=card.may_be_unattended,
        is_another=card.may_be_unattended and (charged is None or card.id != charged.id),
        question=f"Remove {card.name}?{switches_off}",
    )


def _expiry(card: CardView) -> tuple[str, bool]:
    """Returns when a card can no longer be charged, which is after the end of its month, and whether that is soon."""
    shown = f"{card.expiry_month:02d}/{card.expiry_year % 100:02d}"
    year, month = (card.expiry_year, card.expiry_month + 1) if card.expiry_month < 12 else (card.expiry_year + 1, 1)
    days = (datetime(year, month, 1, tzinfo=UTC) - clock.to_datetime(clock.now())).days
    if days < 0:
        return f"{shown} · has expired", True
    return (f"{shown} · expires in {days} days", True) if days < _EXPIRES_SOON_DAYS else (shown, False)


def _auto(found: CardSettings) -> AutoRow:
    view, terms = found.auto, found.auto.terms
    balance = f"{format_for_people(found.balance_nanos, found.unit)} now"
    if terms is None:
        return AutoRow(balance=balance, threshold=_typed(nanos_of_cents(500, found.unit), found.unit))
    sentence = _sentence(view, terms, found.unit)
    is_on = view.state not in (State.OFF, State.OFF_BY_OWNER)
    is_declined = view.state is State.PAUSED or view.off_reason in (OffReason.DECLINES, OffReason.HARD_DECLINE)
    return AutoRow(
        **sentence,
        share=f"{min(view.month_cents * 100 // terms.cap_cents, 100)}%" if is_on else "",
        is_on=is_on,
        can_try=view.state is State.PAUSED or (view.state is State.WAITING and view.confirm_topup_id is None),
        can_use_other=is_declined and any(card.may_be_unattended for card in found.cards),
        threshold=_typed(terms.threshold_nanos, found.unit),
        amount=_typed(terms.amount_cents * CENT_NANOS),
        cap=_typed(terms.cap_cents * CENT_NANOS),
        balance=balance,
        month_left=f"{_dollars(max(terms.cap_cents - view.month_cents, 0))} left in {_month(view.month)}",
    )


def _sentence(view: AutoTopupView, terms: Terms, unit: Unit) -> dict[str, str]:
    """Says in one sentence what comes next, in six states; the job that charges reads the same row."""
    card, amount = "your card" if view.card is None else view.card.name, _dollars(terms.paid_cents)
    used = f"{_dollars(view.month_cents)} of {_dollars(terms.cap_cents)} used in {_month(view.month)} (UTC)."
    below = format_for_people(terms.threshold_nanos, unit)
    if view.state is State.NEXT:
        if view.is_in_flight:
            text = f"{amount} from {card} are on their way. {used}"
        elif view.is_below:
            text = f"your next request adds {amount} from {card}. {used}"
        else:
            text = f"{amount} from {card} when your balance falls below {below}. {used}"
        return {"tag": "On", "tag_tone": "ok", "head": "Next:", "text": text, "tone": ""}
    if view.state is State.USED_UP:
        return {"tag": "Month used up", "tag_tone": "wait", "head": f"Next on 1 {_month_after(view.month)} (UTC):",
                "text": f"{amount} from {card}. {used}", "tone": "wait-box"}  # fmt: skip
    if view.state is State.WAITING and view.confirm_topup_id is not None:
        return {"tag": "Waiting for you", "tag_tone": "wait", "head": "Waiting for you:",
                "text": f"your bank wants to confirm {amount}. Nothing is charged before you do.", "tone": "wait-box",
                "confirm_url": f"/confirm/{view.confirm_topup_id}/", "confirm_label": f"Confirm {amount}"}  # fmt: skip
    if view.state is State.WAITING:
        return {"tag": "Waiting for you", "tag_tone": "wait", "head": "Waiting for you:",
                "text": "three automatic charges came within a day. The next one needs a click of yours.",
                "tone": "wait-box"}  # fmt: skip
    if view.state is State.PAUSED:
        at = "" if view.declined_at is None else f" on {_at(view.declined_at)}"
        again = "" if view.next_at is None else f" Next try on {_at(view.next_at)}."
        return {"tag": "Paused", "tag_tone": "wait", "head": "Paused:", "text": f"{card} was declined{at}.{again}",
                "tone": "wait-box"}  # fmt: skip
    if view.state is State.OFF and view.off_reason is not None:
        return {"tag": "Off", "tag_tone": "bad", "head": "Off:", "text": _OFF.get(view.off_reason, ""),
                "tone": "bad-box"}  # fmt: skip
    return {"tag": "Off", "tag_tone": "", "head": "", "text": "", "tone": ""}


def _charged(row: ChargeRow, unit: Unit) -> ChargedRow:
    status, tone = _OUTCOMES[row.outcome]
    is_paid = row.outcome is ChargeOutcome.PAID
    is_open = row.outcome in (ChargeOutcome.OPEN, ChargeOutcome.WAITS)
    got = "" if is_open else format_for_people(row.credited_nanos if is_paid else 0, unit)
    return ChargedRow(
        id=row.topup_id,
        when=clock.to_datetime(row.at).strftime("%-d %b, %H:%M"),
        paid=_dollars(row.paid_cents),
        got=got,
        status=status,
        tone=tone,
        receipt="" if not is_paid else "/credits/" if unit is Unit.CREDIT else "/activity/",
    )


def _typed(nanos: int, unit: Unit = Unit.USD) -> str:
    whole, _, decimals = format_decimal(nanos).partition(".")
    return whole if unit is Unit.CREDIT and not decimals else f"{whole}.{decimals:0<2}"


def _dollars(cents: int) -> str:
    return format_for_people(cents * CENT_NANOS, Unit.USD)


def _at(at: int) -> str:
    return clock.to_datetime(at).strftime("%-d %b, %H:%M UTC")


def _month(month: str) -> str:
    return datetime.strptime(month + "-01", "%Y-%m-%d").replace(tzinfo=UTC).strftime("%B")


def _month_after(month: str) -> str:
    year, number = (int(part) for part in month.split("-"))
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC).strftime("%B")
