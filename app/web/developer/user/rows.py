"""What the page of one user shows, ready to be read: figures, bounds, history with receipts."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app import wiring
from app.db import Session
from app.domain.authorizations.authorizations import find_active
from app.domain.earnings.earnings import read_earnings
from app.domain.errors import LinkInvalid
from app.domain.money import Unit
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.limit_overrides import Overrides, read_overrides
from app.domain.paywalls.limits import Limits
from app.domain.paywalls.members import Act, Manager
from app.domain.paywalls.paywall import Paywall
from app.domain.rollups.reading import read_user, today
from app.domain.usage.request_list import LOOKED_MAX, receipts_of
from app.domain.wallets.bounds import Bound, BoundKind, Bounds, Standing, read_bounds
from app.domain.wallets.shared import shared_account
from app.domain.wallets.users import User, find_user_by_id
from app.domain.wallets.wallets import app_wallet
from app.flows.wallets.statement import Entry, LedgerFilter, Position, read_ledger
from app.web.components.activity_rows import receipt_parts
from app.web.developer.frame.figures import SumRow, to_row
from app.web.developer.requests.rows import RequestRow, facts_of, looked_words
from app.web.developer.user.acts import ActRow, read_acts
from app.web.developer.users.rows import BOUND_NAMES, STANDINGS, binding_words
from app.web.frame import routes
from app.web.frame.format import ago, fine, utc

ROWS_A_PAGE, DAYS = 25, 30
CHARGE, PAYMENT = "charge", "payment"
"""What of a history can be given back: a request's charge, or a top-up's payment."""
ENTRY_NAMES = {
    "charge": "Charge", "manual_charge": "One-off charge", "topup": "Top-up", "deposit": "Deposit by the app",
    "grant": "Grant", "refund": "Refund", "chargeback": "Payment taken back", "withdrawal": "Withdrawal",
}  # fmt: skip


@dataclass(frozen=True)
class BoundRow:
    """One bound: of how much, what stands against it, what is left and until when."""

    name: str = ""
    detail: str = ""
    of: str = ""
    used: str = ""
    left: str = ""
    until: str = ""
    is_binding: bool = False


@dataclass(frozen=True)
class EntryRow(RequestRow):
    """One movement; `refundable` says what of it can be given back, nothing where nothing can."""

    refundable: str = ""


@dataclass(frozen=True)
class UserPage:
    """Everything on the page. `may_grant`, `may_refund` and `may_block` are what is offered; what is done asks anew."""

    id: str = ""
    user: str = ""
    state: str = ""
    tone: str = ""
    since: str = ""
    spendable: str = ""
    held: str = ""
    unit: str = ""
    is_blocked: bool = False
    binds: str = ""
    binding: str = ""
    bounds: list[BoundRow] = field(default_factory=list)
    month: SumRow = field(default_factory=SumRow)
    rates: str = ""
    acts: list[ActRow] = field(default_factory=list)
    history: list[EntryRow] = field(default_factory=list)
    is_newest: bool = True
    older: str = ""
    looked: str = ""
    list_url: str = ""
    ledger_url: str = ""
    link_url: str = ""
    gifts_from: str = ""
    may_grant: bool = False
    may_refund: bool = False
    may_block: bool = False


def read_user_page(session: Session, manager: Manager, own_id: str, older: str) -> UserPage:
    """Reads a user of a paywall by our own id. Raises NotFound."""
    paywall, configuration = read_current(session, manager.paywall_id)
    user = find_user_by_id(session, paywall.id, own_id)
    overrides = read_overrides(session, paywall.id)
    bounds = read_bounds(session, paywall, configuration, overrides, [user.id])[user.id]
    state, tone = STANDINGS[bounds.standing]
    base = f"/paywalls/{paywall.id}"
    return UserPage(
        id=own_id,
        user=user.id,
        state=state,
        tone=tone,
        since=utc(user.since),
        spendable=fine(bounds.spendable_nanos, paywall.unit),
        held=fine(bounds.held_nanos, paywall.unit) if bounds.held_nanos else "",
        unit=paywall.unit.value,
        is_blocked=user.is_blocked,
        binds=binding_words(bounds.binding)[0] if bounds.standing is Standing.ACTIVE else state,
        binding=_binding(bounds, paywall.unit),
        bounds=[_bound(bound, bounds, paywall) for bound in bounds.all],
        month=_month(session, paywall, user.id),
        rates=_rates(configuration, overrides, user.id),
        list_url=f"{base}/users/",
        ledger_url=routes.with_query(f"{base}/ledger/", user=user.id),
        link_url=f"/manage/paywalls/{paywall.id}/users/{own_id}/topup-link" if paywall.rules.has_app_wallets else "",
        gifts_from=_gifts_from(session, paywall),
        may_grant=manager.may(Act.GRANT) and (paywall.rules.has_app_wallets or paywall.rules.is_split),
        may_refund=manager.may(Act.REFUND),
        may_block=manager.may(Act.SET_UP),
        acts=read_acts(session, paywall.id, user.id, paywall.unit),
        is_newest=not older,
        **_history(session, paywall, user, older),
    )


def _month(session: Session, paywall: Paywall, user: str) -> SumRow:
    last = today(session, paywall.id)
    sums = read_user(session, paywall.id, user, last - timedelta(days=DAYS - 1), last)
    return to_row(f"{DAYS} days", sums, paywall.unit)


def read_accounts(session: Session, paywall_id: str, user: str) -> tuple[str, ...]:
    """Returns the ledger accounts whose changes the page is read again for. They never reach the browser."""
    paywall, _ = read_current(session, paywall_id)
    if paywall.rules.has_app_wallets:
        account = app_wallet(paywall.id, user, paywall.environment, paywall.unit).account
    else:
        active = find_active(session, paywall.id, user)
        if active is None:
            return ()
        account = shared_account(active.account_id, paywall.environment)
    return tuple(part.id for part in account.purse)


def _binding(bounds: Bounds, unit: Unit) -> str:
    """Says in a sentence what the user's next request meets."""
    said = {
        Standing.BLOCKED: "Blocked: every request of this user is refused with 403.",
        Standing.FROZEN: "The wallet is frozen until an operator thaws it, or the dispute that froze it is won.",
        Standing.NOT_AUTHORIZED: "The user has not allowed the app to charge their wallet, or no longer does.",
    }
    bound = bounds.binding
    if bounds.standing in said or bound is None:
        return said.get(bounds.standing, "Nothing is known of a wallet.")
    left = fine(bound.left_nanos or 0, unit)
    until = "" if bound.ends_at is None else f" until {utc(bound.ends_at)} UTC"
    asks = {BoundKind.WALLET: "answers with the top-up link", BoundKind.CAP: "answers with the link to raise it"}
    dearer = asks.get(bound.kind, "is refused with 429")
    return f"{BOUND_NAMES[bound.kind]}: {left} is left{until}. A dearer request {dearer}."


def _bound(bound: Bound, bounds: Bounds, paywall: Paywall) -> BoundRow:
    unit = paywall.unit
    details = {BoundKind.CAP: "Set by the user, a month", BoundKind.WALLET: "What is in it"}
    is_users = bound.kind in (BoundKind.USER_DAY, BoundKind.USER_MONTH)
    detail = details.get(bound.kind) or ("Your override" if is_users and bounds.is_overridden else "Your limit")
    if bound.kind is BoundKind.WALLET and not paywall.rules.has_app_wallets:
        detail = "Shown only where it binds"
    return BoundRow(
        name=BOUND_NAMES[bound.kind],
        detail=detail,
        of="" if bound.of_nanos is None else fine(bound.of_nanos, unit),
        used=fine(bound.used_nanos, unit) if bound.of_nanos is not None or bound.used_nanos else "",
        left="Enough" if bound.left_nanos is None else fine(bound.left_nanos, unit),
        until="" if bound.ends_at is None else f"{utc(bound.ends_at)} UTC",
        is_binding=bound is bounds.binding and bounds.standing is Standing.ACTIVE,
    )


def _rates(configuration: Configuration, overrides: Overrides, user: str) -> str:
    """Says which limits hold that are counted as requests come, and so leave nothing to show between them."""
    limits: Limits = overrides.users.get(user, configuration.limits.user)
    parts = (
        (limits.requests_per_minute, "{:,} requests a minute"), (limits.tokens_per_minute, "{:,} tokens a minute"),
        (limits.concurrency, "{:,} at once"), (limits.tokens_per_request, "{:,} tokens a request"),
    )  # fmt: skip
    found = [words.format(value) for value, words in parts if value is not None]
    return f"Besides: {', '.join(found)}." if found else ""


def _gifts_from(session: Session, paywall: Paywall) -> str:
    if not paywall.rules.is_split:
        return "A grant is spent before what the user paid in, and is never paid out."
    available = read_earnings(session, paywall.environment, paywall.id).available_nanos
    return f"Given without payment, out of your available earnings: {fine(available, paywall.unit)}."


def _history(session: Session, paywall: Paywall, user: User, older: str) -> dict[str, Any]:
    page = read_ledger(session, paywall, LedgerFilter(user.id), position_of(older), ROWS_A_PAGE, LOOKED_MAX)
    receipts = receipts_of(session, paywall.id, [entry.request_id for entry in page.entries if entry.request_id])
    rows = []
    for entry in page.entries:
        receipt = receipts.get(entry.request_id or "")
        parts = {} if receipt is None else {"facts": facts_of(receipt), **receipt_parts(receipt)}
        rows.append(EntryRow(**_entry(entry, paywall), **parts))
    return {
        "history": rows,
        "older": "" if page.following is None else cursor_of(page.following),
        "looked": looked_words(page.looked_until),
    }


def _entry(entry: Entry, paywall: Paywall) -> dict[str, Any]:
    is_charge = entry.type in ("charge", "manual_charge")
    is_payment = entry.type == "topup" and paywall.rules.has_app_wallets
    sign = "+" if entry.amount_nanos > 0 else ""
    reason = str((entry.details or {}).get("reason") or "")
    tokens = "" if entry.tokens is None else f"{entry.tokens:,} tokens"
    details = [part for part in (entry.model or reason, tokens) if part]
    return {
        "cursor": entry.id,
        "id": entry.id,
        "title": ENTRY_NAMES.get(entry.type, entry.type),
        "detail": "".join(f"{part} · " for part in details),
        "when": ago(entry.at),
        "at": f"{utc(entry.at)} UTC",
        "amount": sign + fine(entry.amount_nanos, paywall.unit),
        "is_in": entry.amount_nanos > 0,
        "user": entry.user or "",
        "refundable": CHARGE if is_charge else PAYMENT if is_payment else "",
    }


def cursor_of(position: Position) -> str:
    """Writes a place in the ledger into an address."""
    return wiring.get().links.mint_cursor([position.request, position.topup, position.transfer, position.reversal])


def position_of(cursor: str) -> Position:
    """Returns a place in the ledger; what is no cursor of ours is its newest end."""
    try:
        request, topup, transfer, reversal = wiring.get().links.open_cursor(cursor)
    except (LinkInvalid, ValueError):
        return Position()
    return Position(request, None if topup is None else (topup[0], topup[1]), transfer,
                    None if reversal is None else tuple(reversal))  # fmt: skip
