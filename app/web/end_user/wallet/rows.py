"""What the wallet page shows, ready to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app import wiring
from app.db import Session
from app.domain.authorizations.authorizations import ConnectedApp, list_of
from app.domain.cards.sums import find_in_flight
from app.domain.cards.tables import ChargeOutcome
from app.domain.ledger.accounts import Account
from app.domain.money import CENT_NANOS, Environment, Unit, format_decimal, format_for_people
from app.domain.payouts.listing import find_all
from app.domain.paywalls.names import read_names
from app.domain.people.sessions import Person
from app.domain.usage.activity import Movement, read_wallet_movements
from app.domain.usage.spending import read_spending
from app.domain.wallets.freezes import list_freezes
from app.domain.wallets.shared import list_environments, read_shared_balance, shared_account
from app.flows.cards.cards import read_confirmation
from app.flows.disputes.offers import read_offers
from app.web.components.activity_rows import Beside, MovementRow, to_row
from app.web.components.chart_rows import SpendChart, to_chart
from app.web.components.topup_notes import words_of
from app.web.frame.format import initials

CHART_DAYS = 30
NEWEST = 5


@dataclass(frozen=True)
class AppRow:
    """A connected app: its cap this month, as figures and as the width of a bar.

    `own` says what it may do with the person's own keys; `own_per_day` is how often a day, empty where it may not.
    """

    id: str = ""
    paywall_id: str = ""
    name: str = ""
    initials: str = ""
    detail: str = ""
    spent: str = ""
    cap: str = ""
    cap_typed: str = ""
    share: str = "0%"
    own: str = ""
    own_per_day: str = ""
    own_first: bool = True


@dataclass(frozen=True)
class PurseRow:
    """The wallet's head. `held`, `owed`, `trial`, `trial_note`, `frozen` (why) and `to_confirm` (what a saved card's
    bank wants to be asked, at `confirm_url`) are empty where there is nothing to say."""

    environment: str = ""
    available: str = ""
    held: str = ""
    owed: str = ""
    trial: str = ""
    trial_note: str = ""
    is_sandbox: bool = False
    has_both: bool = False
    frozen: str = ""
    to_confirm: str = ""
    confirm_url: str = ""


@dataclass(frozen=True)
class PursePage:
    """Everything on the wallet page."""

    purse: PurseRow = field(default_factory=PurseRow)
    chart: SpendChart = field(default_factory=SpendChart)
    apps: list[AppRow] = field(default_factory=list)
    movements: list[MovementRow] = field(default_factory=list)


def choose_environment(session: Session, person: Person, wanted: str) -> tuple[Environment, bool]:
    """Returns whose money a page shows, live where there is any, and whether the person has wallets in both."""
    found = list_environments(session, person.account_id)
    asked = next((environment for environment in found if environment.value == wanted), None)
    return asked or (found[0] if found else Environment.SANDBOX), len(found) > 1


def read_purse(session: Session, person: Person, wanted: str) -> PursePage:
    """Reads a person's shared wallet in the environment that they want to see."""
    environment, has_both = choose_environment(session, person, wanted)
    account = shared_account(person.account_id, environment)
    balance = read_shared_balance(session, account)
    spent = read_spending(session, account, CHART_DAYS)
    movements = read_wallet_movements(session, account, limit=NEWEST)
    names = read_names(session, [*(line.paywall_id for line in spent), *(found.paywall_id for found in movements)])
    had_trial = bool(balance.trial_nanos) or any(movement.kind == "grant" for movement in movements)
    purse = PurseRow(
        environment=environment.value,
        available=format_for_people(balance.available_nanos, Unit.USDC),
        held=format_for_people(balance.held_nanos, Unit.USDC) if balance.held_nanos else "",
        owed=format_for_people(balance.owed_nanos, Unit.USDC) if balance.owed_nanos else "",
        trial=format_for_people(balance.trial_nanos, Unit.USDC) if balance.trial_nanos else "",
        trial_note="" if had_trial or movements else _trial_note(),
        is_sandbox=environment is Environment.SANDBOX,
        has_both=has_both,
        frozen=words_of([reason for reason, _ in list_freezes(session, account.owner)]),
        **_to_confirm(session, person, account),
    )
    apps = [_app(connected) for connected in list_of(session, person.account_id, environment.value)]
    beside = read_beside(session, account, movements)
    rows = [to_row(movement, Unit.USDC, names, beside) for movement in movements]
    return PursePage(purse, to_chart(spent, names, Unit.USDC, CHART_DAYS), apps, rows)


def read_beside(session: Session, account: Account, movements: Sequence[Movement]) -> Beside:
    """Reads what is known of a shared wallet's movements beside the ledger."""
    return Beside(
        read_offers(session, account, [found.topup_id for found in movements if found.topup_id]),
        find_all(session, [found.payout_id for found in movements if found.payout_id]),
        {chain.rules.id: chain.rules.explorer_url for chain in wiring.get().settlement.chains.all()},
    )


def _to_confirm(session: Session, person: Person, account: Account) -> Mapping[str, str]:
    """Returns what a bank wants confirmed before it lets a saved card pay into a wallet, and where."""
    waiting = find_in_flight(session, account.owner)
    if waiting is None or waiting.outcome is not ChargeOutcome.WAITS:
        return {}
    asked = read_confirmation(session, person, waiting.id)
    amount = format_for_people(asked.paid_cents * CENT_NANOS, Unit.USD)
    return {"to_confirm": f"{amount} from {asked.card}", "confirm_url": f"/confirm/{asked.topup_id}/"}


def _trial_note() -> str:
    """Says why there is no money to try with, and where to ask (`decisions.md` 11)."""
    chosen = wiring.get().settings
    if not chosen.trial_credits or not chosen.support_email:
        return ""
    return (
        "Money to try with is given once to each person, and to a few people a day on one network. If you think that "
        f"yours is missing, write to {chosen.support_email}."
    )


def _app(connected: ConnectedApp) -> AppRow:
    cap = connected.cap
    used = cap.spent_nanos + cap.held_nanos
    host = urlsplit(connected.app_url).netloc
    return AppRow(
        id=connected.id,
        paywall_id=connected.paywall_id,
        name=connected.app_name,
        initials=initials(connected.app_name),
        detail=f"{host} · {connected.external_id}" if host else connected.external_id,
        spent=format_for_people(cap.spent_nanos, Unit.USDC),
        cap=format_for_people(cap.cap_nanos, Unit.USDC),
        cap_typed=format_decimal(cap.cap_nanos),
        share=_share(used, cap.cap_nanos),
        own=_own(connected),
        own_per_day="" if connected.own_keys_per_day is None else str(connected.own_keys_per_day),
        own_first=connected.own_keys_first,
    )


def _own(connected: ConnectedApp) -> str:
    per_day = connected.own_keys_per_day
    if per_day is None:
        return "Your own keys: not for this app"
    when = "first" if connected.own_keys_first else "when it asks"
    return f"Your own keys: {when}, up to {per_day:,} request{'s' if per_day > 1 else ''} a day"


def _share(used_nanos: int, cap_nanos: int) -> str:
    """Returns the width of a cap's bar; however little was used can be seen."""
    if used_nanos <= 0:
        return "0%"
    return f"max({min(used_nanos * 100 / cap_nanos, 100):.1f}%, 6px)" if cap_nanos else "100%"
