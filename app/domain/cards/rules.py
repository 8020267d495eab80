"""When a saved card is charged by itself, and when it is tried again (`decisions.md` 16). Pure arithmetic and words."""

from dataclasses import dataclass
from enum import StrEnum

from app.domain import clock
from app.domain.cards.tables import OffReason, Switch
from app.domain.errors import BadField
from app.domain.money import CENT_NANOS, Unit, format_for_people, nanos_of_cents
from app.domain.topups.bounds import USUAL

BACK_OFF_SECONDS = (3_600, 6 * 3_600, 24 * 3_600)
"""How long the bank is left alone after its first, second and third no; after the fourth it is never asked again."""
ATTEMPTS_MAX, ATTEMPTS_DAYS = 4, 30
"""How often a card is tried in how many days without a yes. Visa allows 15, Mastercard 35."""
CHARGES_A_DAY = 3
"""How many automatic charges a day need nobody; the next one waits for a click."""
CONFIRM_SECONDS = 24 * 3_600
"""How long a charge waits for its owner to confirm it at the bank."""
UNKNOWN_SECONDS = 25 * 3_600
"""How long a charge may be unknown, by the rail's clock, which forgets a key after 24 hours."""
CAP_CENTS_MAX = 100_000_00
UNATTENDED_NEVER = frozenset({"IN"})
"""Countries whose banks let no card be charged without its owner."""
CONSENT_VERSION = 2

_HARD_ADVICE = frozenset({"do_not_try_again"})
_HARD_CODES = frozenset({"lost_card", "stolen_card", "fraudulent"})


class State(StrEnum):
    """What a wallet's owner reads about automatic top-up; the page and the job read the same row."""

    NEXT = "next"
    """It charges when the balance falls below."""
    WAITING = "waiting"
    """It waits for its owner: the bank wants a charge confirmed, or three charges came in a day."""
    PAUSED = "paused"
    """The bank said no; it tries again at a time that is said."""
    USED_UP = "used_up"
    """The month's cap leaves no room for another charge."""
    OFF_BY_OWNER = "off_by_owner"
    """Its owner never switched it on, or switched it off."""
    OFF = "off"
    """It was switched off, for a reason that is said."""


class Answer(StrEnum):
    """What a look at a wallet comes to."""

    CHARGE = "charge"
    """The card is charged now."""
    ENOUGH = "enough"
    """The balance is not below."""
    OFF = "off"
    """Automatic top-up is off, the wallet frozen, or the card's account closed to us."""
    IN_FLIGHT = "in_flight"
    """A charge is about to be paid, or not known yet."""
    NEEDS_BANK = "needs_bank"
    """A charge waits for its owner to confirm it at the bank."""
    PAUSED = "paused"
    """The bank said no, and is left alone for now."""
    USED_UP = "used_up"
    """The month's cap leaves no room."""
    NEEDS_CLICK = "needs_click"
    """Three charges came in a day; the fourth waits for its owner."""
    TIRED = "tired"
    """The card had all attempts that it may have."""
    BEHIND = "behind"
    """What happened at the connection lately is not known, as after a backup was restored; nothing is charged yet."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an owner chose: below how much, by how much, and how much at most in a month.

    `fee_cents` are what a charge costs beside: the card pays both, the wallet gets the amount, and the cap, which is
    about the card, counts both.
    """

    threshold_nanos: int
    amount_cents: int
    cap_cents: int
    fee_cents: int = 0

    @property
    def paid_cents(self) -> int:
        """What one charge takes from the card."""
        return self.amount_cents + self.fee_cents

    def raises(self, before: "Terms") -> bool:
        """Tells whether these allow more than those before, so that the consent must be given again."""
        return (
            self.threshold_nanos > before.threshold_nanos
            or self.amount_cents > before.amount_cents
            or self.cap_cents > before.cap_cents
            or self.fee_cents > before.fee_cents
        )


@dataclass(frozen=True, slots=True)
class Cents:
    """What a charge is of: what its wallet gets, and what it costs beside; the card pays both."""

    credited: int
    fee: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of a wallet, and of its card, at the moment of a look.

    `month_cents` are what this month's charges come to, pending and unknown ones with them; `day_charges` how many
    came in 24 hours, or since its owner last let it go on. `is_closed`: the card's account takes nothing new.
    `is_clicked`: its owner wants it charged now.
    """

    now: int
    balance_nanos: int
    month_cents: int
    day_charges: int
    attempts: int
    is_in_flight: bool = False
    is_waiting: bool = False
    is_frozen: bool = False
    is_closed: bool = False
    is_up_to_date: bool = True
    is_clicked: bool = False


def decide(switch: Switch, next_at: int | None, terms: Terms, facts: Facts) -> Answer:
    """Says what a look at a wallet comes to; what is said first counts."""
    if switch is Switch.OFF or facts.is_frozen or facts.is_closed:
        return Answer.OFF
    if facts.is_waiting:
        return Answer.NEEDS_BANK
    if facts.is_in_flight:
        return Answer.IN_FLIGHT
    if facts.balance_nanos >= terms.threshold_nanos:
        return Answer.ENOUGH
    if switch is Switch.PAUSED and not facts.is_clicked and (next_at is None or facts.now < next_at):
        return Answer.PAUSED
    if facts.month_cents + terms.paid_cents > terms.cap_cents:
        return Answer.USED_UP
    if facts.attempts >= ATTEMPTS_MAX:
        return Answer.TIRED
    if not facts.is_clicked and (switch is Switch.CLICK or facts.day_charges >= CHARGES_A_DAY):
        return Answer.NEEDS_CLICK
    return Answer.CHARGE if facts.is_up_to_date else Answer.BEHIND


def state_of(
    switch: Switch | None, reason: OffReason | None, *, is_waiting: bool, month_cents: int, terms: Terms | None
) -> State:
    """Says in which of the six states an automatic top-up is; None for one that never was switched on."""
    if switch is None or terms is None or reason is OffReason.BY_OWNER:
        return State.OFF_BY_OWNER
    if switch is Switch.OFF:
        return State.OFF
    if is_waiting or switch is Switch.CLICK:
        return State.WAITING
    if switch is Switch.PAUSED:
        return State.PAUSED
    return State.USED_UP if month_cents + terms.paid_cents > terms.cap_cents else State.NEXT


def pause_seconds(attempts: int) -> int | None:
    """Returns how long a bank is left alone after its no to this attempt (1 is the first), None for ever."""
    return BACK_OFF_SECONDS[max(attempts, 1) - 1] if attempts < ATTEMPTS_MAX else None


def is_hard(decline_code: str | None, advice_code: str | None) -> bool:
    """Tells whether a bank wants a card never tried again."""
    return advice_code in _HARD_ADVICE or decline_code in _HARD_CODES


def attempts_now(attempts: int, since: int | None, now: int) -> int:
    """Returns how many attempts of a card count: those of a row that began 30 days ago count no more."""
    return 0 if since is None or now - since >= ATTEMPTS_DAYS * clock.DAY else attempts


def may_charge_unattended(country: str) -> bool:
    """Tells whether a card's country lets it be charged without its owner."""
    return country.upper() not in UNATTENDED_NEVER


def expires_soon(year: int, month: int, now: int) -> bool:
    """Tells whether a card can be charged until the end of next month at most."""
    today = clock.to_datetime(now)
    return (year - today.year) * 12 + month - today.month <= 1


def check_terms(terms: Terms, unit: Unit) -> None:
    """Raises BadField, in words for people: threshold ≤ amount ≤ cap, so that one charge clears the gap."""
    if not USUAL.admits(terms.amount_cents):
        raise BadField("amount", f"Choose an amount to add {USUAL}.")
    if terms.threshold_nanos <= 0:
        raise BadField("threshold", "Choose below which balance your card is charged; more than zero.")
    if terms.threshold_nanos > nanos_of_cents(terms.amount_cents, unit):
        raise BadField(
            "threshold", f"The balance to fall below may be at most what is added, {_dollars(terms.amount_cents)}."
        )
    if terms.cap_cents < terms.paid_cents:
        raise BadField("cap", f"The most in a month must be at least one charge, {_dollars(terms.paid_cents)}.")
    if terms.cap_cents > CAP_CENTS_MAX:
        raise BadField("cap", f"The most in a month may be {_dollars(CAP_CENTS_MAX)}.")


def consent_text(merchant: str, terms: Terms, unit: Unit) -> str:
    """Returns what an owner agrees to, in version `CONSENT_VERSION` of its words."""
    parts = f" ({_dollars(terms.amount_cents)} for my wallet and a fee of {_dollars(terms.fee_cents)})"
    return (
        f"I allow {merchant} to charge my saved card without asking me again, in unscheduled payments of"
        f" {_dollars(terms.paid_cents)}{parts if terms.fee_cents else ''}, whenever my balance falls below"
        f" {format_for_people(terms.threshold_nanos, unit)}, at most {_dollars(terms.cap_cents)} in a calendar month"
        " (UTC). I can switch this off at any time in settings."
    )


def keeping_text(merchant: str) -> str:
    """Returns what somebody agrees to who lets the card be kept that they pay with; it alone charges nothing."""
    return (
        f"I allow {merchant} to keep this card for later top-ups of my wallet. It is charged when I press a button to"
        " pay, or as I agree to when I switch on auto top-up. I can remove it at any time in settings."
    )


def _dollars(cents: int) -> str:
    return format_for_people(cents * CENT_NANOS, Unit.USD)
