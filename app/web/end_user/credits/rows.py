"""What the page of credits shows, ready to be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.db import Session
from app.domain import clock
from app.domain.cards import auto_topup
from app.domain.cards.tables import AutoTopup, Switch
from app.domain.credits.history import Entry, EntryKind, read_history
from app.domain.credits.kept import has_paid
from app.domain.money import Environment, Unit, format_for_people, nanos_of_cents
from app.domain.paywalls.paywall import find_credits
from app.domain.people.sessions import Person
from app.domain.wallets.freezes import list_freezes
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.flows.disputes.offers import RefundOffer, read_offers
from app.web.components.activity_rows import Beside, MovementRow, receipt_parts, to_row
from app.web.components.topup_notes import words_of
from app.web.frame.format import ago, model_name

NEWEST, SHOWN_MAX = 12, 500
_WORDS = {EntryKind.RESERVE: "reserved", EntryKind.SETTLE: "settled", EntryKind.REFUND: "given back"}


@dataclass(frozen=True)
class CreditsRow:
    """What somebody has. `held`, `owed`, `free` (in a sentence) and `frozen` (why) are empty where there is nothing to
    say.

    With `free_only` nothing was paid yet, and free models alone are open. Where nothing is offered, nothing is
    `is_offered`.
    """

    available: str = ""
    held: str = ""
    owed: str = ""
    free: str = ""
    free_only: bool = False
    frozen: str = ""
    is_sandbox: bool = False
    is_offered: bool = True


@dataclass(frozen=True)
class CreditsPage:
    """Everything on the page."""

    purse: CreditsRow = field(default_factory=CreditsRow)
    movements: list[MovementRow] = field(default_factory=list)
    has_more: bool = False
    auto: str = ""
    """What the automatic top-up does, in words that go on from its name; empty where it is off."""


def read_credits(session: Session, person: Person, environment: Environment, count: int = NEWEST) -> CreditsPage:
    """Reads a person's credits in an environment, with so many of their newest movements."""
    account = shared_account(person.account_id, environment, Unit.CREDIT)
    found = read_history(session, account, count + 1)
    entries = found[:count]
    ids = [entry.movement.topup_id for entry in entries if entry.movement is not None and entry.movement.topup_id]
    offers = read_offers(session, account, ids)
    return CreditsPage(
        read_purse(session, person, environment), [entry_row(entry, offers) for entry in entries],
        has_more=len(found) > count and count < SHOWN_MAX, auto=auto_words(auto_topup.find(session, account.owner)),
    )  # fmt: skip


def auto_words(row: AutoTopup | None) -> str:
    """Returns what an automatic top-up does next, as it goes on from its name; nothing of one that is off."""
    if row is None or row.switch is Switch.OFF:
        return ""
    if row.switch is not Switch.ON:
        return " waits: look what it needs." if row.switch is Switch.CLICK else " is paused: your card was declined."
    terms = auto_topup.terms_of(row)
    amount = format_for_people(nanos_of_cents(terms.amount_cents, Unit.USD), Unit.USD)
    return f" is on: {amount} whenever you have less than {format_for_people(terms.threshold_nanos, Unit.CREDIT)}."


def read_purse(session: Session, person: Person, environment: Environment) -> CreditsRow:
    """Reads what a person has in credits in an environment."""
    account = shared_account(person.account_id, environment, Unit.CREDIT)
    balance = read_shared_balance(session, account)
    return CreditsRow(
        available=format_for_people(balance.available_nanos, Unit.CREDIT),
        held=format_for_people(balance.held_nanos, Unit.CREDIT) if balance.held_nanos else "",
        owed=format_for_people(balance.owed_nanos, Unit.CREDIT) if balance.owed_nanos else "",
        free=_free(balance.trial_nanos, balance.available_nanos + balance.held_nanos),
        free_only=not has_paid(session, account.owner),
        frozen=words_of([reason for reason, _ in list_freezes(session, account.owner)]),
        is_sandbox=environment is Environment.SANDBOX,
        is_offered=find_credits(session, environment) is not None,
    )


def _free(free_nanos: int, all_nanos: int) -> str:
    if not free_nanos:
        return ""
    which = "All" if free_nanos == all_nanos else format_for_people(free_nanos, Unit.CREDIT)
    return f"{which} of them are free and never expire"


def entry_row(entry: Entry, offers: Mapping[str, RefundOffer]) -> MovementRow:
    """Returns a line of the history as its owner reads it."""
    if entry.movement is not None:
        return to_row(entry.movement, Unit.CREDIT, beside=Beside(offers=offers))
    sign = "+" if entry.nanos > 0 else "−"
    return MovementRow(
        cursor=entry.id,
        id=entry.id.partition(":")[0],  # of the request: what its receipt is looked up by
        title=model_name(entry.model) or "Charge",
        detail=f"{_WORDS[EntryKind(entry.kind)]} · ",
        when=ago(entry.at),
        at=clock.to_iso(entry.at),
        amount=sign + format_for_people(abs(entry.nanos), Unit.CREDIT),
        is_in=entry.nanos > 0,
        **(receipt_parts(entry.receipt) if entry.receipt is not None else {}),
    )
