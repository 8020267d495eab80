"""What the page of wallets shows, ready to be read: warnings that wait, wallets that were found, and one explained."""

from dataclasses import dataclass, field

from app.db import Session
from app.domain.errors import NotFound
from app.domain.ledger.accounts import Kind
from app.domain.money import CENT_NANOS, Environment, Unit, format_for_people
from app.domain.paywalls.names import read_names
from app.flows.disputes.warnings import Waiting, list_waiting
from app.flows.wallets.explained import Explained, Moved, explain
from app.flows.wallets.operated import FoundWallet, find_wallets
from app.web.frame.format import ago, fine, utc

LISTED_MAX, MOVED_MAX = 50, 30
_WHERE = {
    Kind.WORLD: "a rail", Kind.GRANTS: "grants", Kind.REVENUE: "revenue", Kind.EARNINGS_PENDING: "earnings",
    Kind.EARNINGS: "earnings", Kind.PLATFORM_FEES: "your fee", Kind.PROVIDER_PAYABLE: "a provider",
    Kind.OPERATOR_CAPITAL: "your capital", Kind.PAYOUT_TRANSIT: "money on its way",
}  # fmt: skip


@dataclass(frozen=True)
class WalletRow:
    """A wallet; `owes` where a dispute took more than it had."""

    id: str = ""
    whose: str = ""
    app: str = ""
    balance: str = ""
    reasons: str = ""
    is_sandbox: bool = False
    is_frozen: bool = False
    owes: bool = False


@dataclass(frozen=True)
class WarningRow:
    """A fraud warning that waits for an operator; `key` names it to the buttons."""

    key: str = ""
    title: str = ""
    detail: str = ""
    wallet_id: str = ""


@dataclass(frozen=True)
class MovedRow:
    """A transfer of an explained wallet."""

    id: str = ""
    what: str = ""
    amount: str = ""
    at: str = ""


@dataclass(frozen=True)
class ExplainedRow:
    """One wallet explained; without an id none is."""

    id: str = ""
    says: list[str] = field(default_factory=list)
    moved: list[MovedRow] = field(default_factory=list)
    unit: str = ""
    is_shared: bool = False


@dataclass(frozen=True)
class WalletsPage:
    """Everything on the page; `words` is what was looked for."""

    words: str = ""
    rows: list[WalletRow] = field(default_factory=list)
    warnings: list[WarningRow] = field(default_factory=list)
    explained: ExplainedRow = field(default_factory=ExplainedRow)


def read_wallets_page(session: Session, words: str, wallet_id: str = "") -> WalletsPage:
    """Reads the wallets that were looked for, without words those that are frozen; and one explained, if it is named.

    What waits for an operator stands there whatever they look for.
    """
    found = find_wallets(session, words or wallet_id, LISTED_MAX)
    names = read_names(session, [one.paywall_id for one in found])
    rows = [_row(one, names.get(one.paywall_id or "", "Shared by all apps")) for one in found]
    warnings = [_warning(one) for one in list_waiting(session, LISTED_MAX)]
    return WalletsPage(words, rows, warnings, _explained(session, wallet_id))


def _row(one: FoundWallet, app: str) -> WalletRow:
    return WalletRow(
        id=one.id,
        whose=one.whose,
        app=app,
        balance=format_for_people(one.balance_nanos, one.account.unit),
        reasons=", ".join(one.reasons),
        is_sandbox=one.account.environment is Environment.SANDBOX,
        is_frozen=bool(one.reasons),
        owes=one.balance_nanos < 0,
    )


def _warning(one: Waiting) -> WarningRow:
    amount = format_for_people(one.paid_cents * CENT_NANOS, Unit.USD)
    return WarningRow(
        key=f"{one.connection_id}:{one.id}",
        title=f"A payment of {amount} may be a fraud",
        detail=f"Its bank said so {ago(one.since)}; the wallet is frozen since. Payment {one.payment_id} at"
        f" {one.connection_id}. Given back now, it does not become a dispute, which costs a fee and the same money.",
        wallet_id=one.wallet_id,
    )


def _explained(session: Session, wallet_id: str) -> ExplainedRow:
    if not wallet_id:
        return ExplainedRow()
    try:
        found = explain(session, wallet_id, MOVED_MAX)
    except NotFound as error:
        return ExplainedRow(wallet_id, [error.message])
    unit = found.account.unit
    moved = [_moved(one, unit) for one in found.moved]
    return ExplainedRow(found.id, _said(found), moved, unit.value, found.is_shared)


def _said(found: Explained) -> list[str]:
    unit = found.account.unit
    shown = [format_for_people(nanos, unit) for nanos in (found.posted_nanos, found.held_nanos, found.trial_nanos)]
    requests = "1 running request" if found.holds == 1 else f"{found.holds} running requests"
    said = [f"It has {shown[0]}, and trial money of {shown[2]}."]
    said.append(f"Of that {shown[1]} is held by {requests}." if found.held_nanos else "Nothing of it is held.")
    if found.posted_nanos < 0:
        said.append("A dispute took more than it had: it is thawed once that is paid, or you write it off.")
    frozen = (f"Frozen since {utc(one.since)} UTC: {one.reason} ({one.source})." for one in found.freezes)
    return [*said, *frozen]


def _moved(one: Moved, unit: Unit) -> MovedRow:
    direction = "from" if one.nanos > 0 else "to"
    where = _WHERE.get(one.other.kind, one.other.kind.value.replace("_", " "))
    sign = "+" if one.nanos > 0 else "−"
    return MovedRow(
        id=str(one.id),
        what=f"{one.type.replace('_', ' ').capitalize()} {direction} {where}, {one.posting}",
        amount=f"{sign}{fine(abs(one.nanos), unit)}",
        at=utc(one.at),
    )
