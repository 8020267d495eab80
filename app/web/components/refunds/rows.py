"""What a top-up's row says of money that went back or can: words and figures, ready to be read."""

from dataclasses import dataclass, field

from app.domain import clock
from app.domain.money import Unit, format_for_people, nanos_of_cents
from app.domain.refunds.tables import RefundStatus
from app.flows.disputes.offers import GoneBack, RefundOffer, RefundQuestion, Refusal

BANK_DAYS = "5 to 10 days"


@dataclass(frozen=True)
class BackRow:
    """Something that went back, or did not; `tone` is `good`, `wait`, `bad` or `muted`."""

    text: str = ""
    tone: str = ""


@dataclass(frozen=True)
class RefundRow:
    """What went back of a top-up, and what can: `label` is the button's, empty where there is none; `note` beside it.

    `topup_id` is empty for a movement that is no top-up, or one of which there is nothing to say.
    """

    topup_id: str = ""
    label: str = ""
    note: str = ""
    back: list[BackRow] = field(default_factory=list)


def to_refund_row(topup_id: str, offer: RefundOffer) -> RefundRow:
    """Returns what is said of a top-up; nothing of one that nothing went back of, and nothing can."""
    back = [_gone(one) for one in offer.refunds]
    if offer.disputed_cents:
        back.append(BackRow(f"Your bank took {dollars(offer.disputed_cents)} of it back", "bad"))
    note = ""
    if offer.cents:
        note = f"Refundable until {clock.to_datetime(offer.until).strftime('%-d %b')}"
    elif offer.refusal is Refusal.SPENT and not back:
        note = "All of it is spent"
    label = f"Refund {dollars(offer.cents)}" if offer.cents else ""
    return RefundRow(topup_id, label, note, back) if label or note or back else RefundRow()


def question_of(asked: RefundQuestion) -> str:
    """Returns what is asked before money goes back: which sums, where to, how long it takes, what else it does."""
    offer, unit = asked.offer, asked.unit
    amount, leaves = dollars(offer.cents), format_for_people(nanos_of_cents(offer.cents, unit), unit)
    card = asked.card or ("the sandbox’s card" if asked.is_sandbox else "the card that you paid with")
    said = [f"Refund {amount} to {card}?", f"{leaves} leaves your wallet."]
    if asked.spent_nanos > 0:
        said.append(f"{format_for_people(asked.spent_nanos, unit)} of this top-up is spent, and stays so.")
    if offer.paid_cents > offer.credited_cents:
        said.append(f"The fee of {dollars(offer.paid_cents - offer.credited_cents)} is not refunded.")
    if asked.switches_off:
        said.append("Auto top-up will be switched off.")
    if not asked.is_sandbox:
        said.append(f"Your bank takes {BANK_DAYS}.")
    return " ".join(said)


def dollars(cents: int) -> str:
    """Writes what a card was charged, or gets back."""
    return format_for_people(nanos_of_cents(cents, Unit.USD), Unit.USD)


def _gone(one: GoneBack) -> BackRow:
    amount, day = dollars(one.cents), clock.to_datetime(one.at).strftime("%-d %b")
    match one.status:
        case RefundStatus.ASKED | RefundStatus.PENDING:
            return BackRow(f"{amount} is on its way back to your card", "wait")
        case RefundStatus.SUCCEEDED:
            return BackRow(f"{amount} refunded on {day}", "good")
        case RefundStatus.FAILED:
            return BackRow(f"Your bank did not take {amount} back; it is in your wallet again", "bad")
