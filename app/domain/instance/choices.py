"""What an operator may choose while the instance runs, each with its bounds, and how it is written and read.

Whatever is not chosen stands in the environment under the same name.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import BadField, NotFound
from app.domain.instance.tables import InstanceSetting
from app.sql.columns import table_of

Value = int | str
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_PACKS = re.compile(r"\$?[0-9]{1,6}( *, *\$?[0-9]{1,6})*")
PACKS_MAX = 6
"""How many packs may be offered."""


class Form(StrEnum):
    """How a value is written."""

    PERCENT = "percent"
    """Basis points, written as per cent."""
    DOLLARS = "dollars"
    """Cents, written as dollars."""
    USDC = "usdc"
    """Units of 10⁻⁶, written as USDC."""
    CREDITS = "credits"
    """Whole credits."""
    DAYS = "days"
    """Whole days."""
    PEOPLE = "people"
    """A number of people."""
    WORDS = "words"
    """A line of text; the bounds are those of its length."""
    PACKS = "packs"
    """Whole dollars, each more than the one before, written `3, 10, 25`; the bounds are those of each."""


_ONE = {Form.CREDITS: "credit", Form.DAYS: "day", Form.PEOPLE: "person"}


PLACES = {Form.PERCENT: 2, Form.DOLLARS: 2, Form.USDC: 6}
"""How many decimals a value may have as it is written."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting: what it is called, what it does, and the least and most that it may be."""

    name: str
    title: str
    does: str
    form: Form
    least: int
    most: int


CHOICES: Mapping[str, Choice] = {
    one.name: one
    for one in (
        Choice("fee_basis_points", "Platform fee", "Your share of every charge in shared mode.", Form.PERCENT, 0,
               5_000),
        Choice("earnings_pending_days", "Earnings pending", "How long developers wait until earnings are available.",
               Form.DAYS, 0, 365),
        Choice("topup_fee_basis_points", "Top-up fee, a share", "What a card top-up at your account costs beside.",
               Form.PERCENT, 0, 2_000),
        Choice("topup_fee_cents", "Top-up fee, an amount", "And so much for each top-up.", Form.DOLLARS, 0, 1_000),
        Choice("topup_cents_least", "Least top-up", "Less is refused.", Form.DOLLARS, 100, 100_000),
        Choice("topup_cents_most", "Largest top-up", "More is refused.", Form.DOLLARS, 1_000, 1_000_000),
        Choice("automatic_refund_cents_max", "Automatic refund",
               "A payment up to this is refunded when a bank warns of fraud; above it the wallet waits for you.",
               Form.DOLLARS, 0, 100_000),
        Choice("trial_credits", "Trial money", "Given once to each person and environment; 100 credits are a dollar.",
               Form.CREDITS, 0, 100_000),
        Choice("minimum_credits", "Least charge in credits", "What a request that credits pay costs at least.",
               Form.CREDITS, 1, 1_000),
        Choice("credit_packs", "Packs of credits", "The amounts in dollars at which credits are offered.", Form.PACKS,
               1, 10_000),
        Choice("trials_of_address_max", "Trials of one network", "How many people of one network get it a day.",
               Form.PEOPLE, 1, 1_000),
        Choice("payout_units_least", "Least payout", "Less is not paid out.", Form.USDC, 2_000_000, 1_000_000_000),
        Choice("payout_units_max", "Payout without you", "A larger payout waits for your approval.",
               Form.USDC, 2_000_000, 1_000_000_000_000),
        Choice("payout_day_units_max", "Payouts without you in a day", "What goes beyond it waits for your approval.",
               Form.USDC, 2_000_000, 10_000_000_000_000),
        Choice("payout_batch_units_max", "A batch without you",
               "A batch with more than this of what you have not let through waits for your approval.",
               Form.USDC, 2_000_000, 10_000_000_000_000),
        Choice("legal_name", "Legal name", "Who charges saved cards, as consents and mails name them.",
               Form.WORDS, 0, 80),
    )
}  # fmt: skip
"""Everything that may be chosen, in the order of the page."""
ORDERED = (
    ("topup_cents_least", "topup_cents_most"), ("payout_units_least", "payout_units_max"),
    ("payout_units_max", "payout_day_units_max"), ("payout_units_max", "payout_batch_units_max"),
)  # fmt: skip
"""Of two the first may not be more than the second."""


def find(name: str) -> Choice:
    """Returns what may be chosen by its name. Raises NotFound."""
    if name not in CHOICES:
        raise NotFound(f"There is no setting {name[:40]!r}.")
    return CHOICES[name]


def parse(choice: Choice, text: str) -> Value:
    """Returns a value as it was typed. Raises BadField, in words that say what may be typed."""
    text = text.strip()
    if choice.form is Form.WORDS:
        if not (choice.least <= len(text) <= choice.most and text.isprintable()):
            raise BadField(choice.name, bounds(choice))
        return text
    if choice.form is Form.PACKS:
        return ", ".join(str(dollars) for dollars in _packs(choice, text))
    found = _NUMBER.fullmatch(text.removeprefix("$").removesuffix("%").strip())
    value = Decimal(found[0]).scaleb(PLACES.get(choice.form, 0)) if found else Decimal(-1)
    if value != int(value) or not choice.least <= value <= choice.most:
        raise BadField(choice.name, bounds(choice))
    return int(value)


def _packs(choice: Choice, text: str) -> Sequence[int]:
    """Returns the dollars of packs as they were typed. Raises BadField."""
    found = [int(part.strip(" $")) for part in text.split(",")] if _PACKS.fullmatch(text) else []
    is_right = 1 <= len(found) <= PACKS_MAX and found == sorted(set(found))
    if not (is_right and choice.least <= found[0] and found[-1] <= choice.most):
        raise BadField(choice.name, bounds(choice))
    return found


def write(choice: Choice, value: Value) -> str:
    """Returns a value as a form shows it: a number without its unit."""
    return _written(choice, value, "f") if isinstance(value, int) else value


def _written(choice: Choice, value: int, form: str) -> str:
    whole, _, rest = f"{Decimal(value).scaleb(-PLACES.get(choice.form, 0)):{form}}".partition(".")
    if choice.form not in PLACES:
        return whole
    kept = rest.rstrip("0").ljust(0 if choice.form is Form.PERCENT else 2, "0")
    return f"{whole}.{kept}" if kept else whole


def say(choice: Choice, value: Value) -> str:
    """Returns a value as people read it: its thousands apart, and with its unit."""
    written = _written(choice, value, ",f") if isinstance(value, int) else value
    match choice.form:
        case Form.PERCENT:
            return f"{written} %"
        case Form.DOLLARS:
            return f"${written}"
        case Form.USDC:
            return f"{written} USDC"
        case Form.PACKS:
            return " · ".join(f"${dollars}" for dollars in written.replace(" ", "").split(","))
        case Form.WORDS:
            return written or "none"
        case _:
            return f"{written} {_ONE[choice.form] if value == 1 else choice.form.value}"


def check_order(values: Mapping[str, Value]) -> None:
    """Raises BadField where of all values together one that must not be more than another is."""
    for least, most in ORDERED:
        if int(values[least]) > int(values[most]):
            low, high = (f"{CHOICES[name].title} ({say(CHOICES[name], values[name])})" for name in (least, most))
            raise BadField(least, f"{low} would be more than {high[0].lower()}{high[1:]}.")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A value that an operator chose, with whose it is and when it was."""

    name: str
    value: Value
    changed_by: str
    changed_at: int


def read_chosen(session: Session) -> Sequence[Chosen]:
    """Returns what was chosen, by name."""
    table = table_of(InstanceSetting)
    rows = session.execute(select(table).order_by(table.c.name))
    return [Chosen(row.name, row.value, row.changed_by, row.changed_at) for row in rows if row.name in CHOICES]


def keep(session: Session, name: str, value: Value | None, account_id: str) -> None:
    """Keeps what an account chose; None leaves it to the environment again."""
    table = table_of(InstanceSetting)
    session.execute(delete(table).where(table.c.name == name))
    if value is not None:
        session.add(InstanceSetting(name=name, value=value, changed_by=account_id, changed_at=clock.now()))
    session.flush()


def bounds(choice: Choice) -> str:
    """Returns a sentence that says what a value may be."""
    if choice.form is Form.WORDS:
        return f"{choice.title} is one line of at most {choice.most} characters."
    if choice.form is Form.PACKS:
        return (f"{choice.title} is one to {PACKS_MAX} amounts of whole dollars from {choice.least} to "
                f"{choice.most:,}, each more than the one before: 3, 10, 25.")  # fmt: skip
    least, most = say(choice, choice.least), say(choice, choice.most)
    places = PLACES.get(choice.form, 0)
    return f"{choice.title} is from {least} to {most}, with {f'at most {places}' if places else 'no'} decimals."
