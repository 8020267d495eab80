"""What a paywall's ledger shows, ready to be read."""

from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.usage.request_list import LOOKED_MAX
from app.domain.wallets.wallets import end_user_id
from app.flows.wallets.books import Book, BookFilter, books_of, read_book
from app.flows.wallets.statement import Entry
from app.web.developer.requests.rows import DAY, day_of
from app.web.developer.user.rows import ENTRY_NAMES, cursor_of, position_of
from app.web.frame import routes
from app.web.frame.format import ago, fine, utc

ROWS_A_PAGE = 50
BOOK_NAMES = {
    Book.WALLETS: "Users' wallets",
    Book.REVENUE: "Revenue",
    Book.PENDING: "Pending earnings",
    Book.EARNINGS: "Available earnings",
    Book.SHORTFALL: "Shortfall",
    Book.GRANTS: "Grants",
}
_WORDS = {
    **ENTRY_NAMES, "shortfall": "Paid by nobody", "shortfall_repaid": "Shortfall repaid",
    "earnings_available": "Became available", "earnings_taken_back": "Taken back", "earnings_reinstated": "Reinstated",
}  # fmt: skip
_ACCOUNTS = {
    "wallet": "a wallet", "promo": "trial money", "revenue": "revenue", "earnings_pending": "pending earnings",
    "earnings": "available earnings", "grants": "grants", "shortfall": "shortfall", "world": "outside",
    "provider_payable": "the provider", "platform_fees": "fees", "operator_capital": "the operator",
    "payout_transit": "a payout",
}  # fmt: skip


@dataclass(frozen=True)
class LedgerRow:
    """One entry: what, whose, from or to where, how much."""

    id: str = ""
    what: str = ""
    detail: str = ""
    user: str = ""
    user_url: str = ""
    when: str = ""
    at: str = ""
    amount: str = ""
    is_in: bool = False


@dataclass(frozen=True)
class BookChoice:
    """A book to read."""

    value: str = ""
    name: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the address asks for, as it stands there; `day` is a date, UTC."""

    account: str = ""
    user: str = ""
    day: str = ""
    before: str = ""


@dataclass(frozen=True)
class LedgerPage:
    """Everything on the page. `looked` says how far it looked where it ended before the last entry."""

    rows: list[LedgerRow] = field(default_factory=list)
    books: list[BookChoice] = field(default_factory=list)
    account: str = Book.WALLETS.value
    user: str = ""
    day: str = ""
    is_filtered: bool = False
    address: str = ""
    clear: str = ""
    csv: str = ""
    older: str = ""
    looked: str = ""


def read_ledger_page(session: Session, paywall_id: str, wanted: Wanted) -> LedgerPage:
    """Reads a page of a book, the newest entries first."""
    paywall, _ = read_current(session, paywall_id)
    books, since = books_of(paywall), day_of(wanted.day)
    book = next((one for one in books if one.value == wanted.account), Book.WALLETS)
    until = None if since is None else since + DAY
    asked = BookFilter(book, wanted.user or None, since, until)
    page = read_book(session, paywall, asked, position_of(wanted.before), ROWS_A_PAGE, LOOKED_MAX)
    path = f"/paywalls/{paywall.id}/ledger/"
    kept = {"account": "" if book is Book.WALLETS else book.value, "user": wanted.user, "day": wanted.day}
    day = {} if since is None or until is None else {"from": wanted.day, "to": utc_date(until)}
    older = "" if page.following is None else cursor_of(page.following)
    back_to = "" if page.looked_until is None else utc(page.looked_until)
    return LedgerPage(
        rows=[_row(entry, paywall) for entry in page.entries],
        books=[BookChoice(one.value, BOOK_NAMES[one]) for one in books],
        account=book.value, user=wanted.user, day=wanted.day,
        is_filtered=bool(kept["user"] or kept["day"]),
        address=wiring.get().links.base_url + routes.with_query(path, **kept),
        clear=routes.with_query(path, account=kept["account"]),
        csv=routes.with_query(f"/manage/paywalls/{paywall.id}/ledger.csv", account=kept["account"], user=wanted.user,
                              **day),
        older=routes.with_query(path, **kept, before=older) if older else "",
        looked=f"Looked at {LOOKED_MAX:,} entries, back to {back_to} UTC." if back_to else "",
    )  # fmt: skip


def utc_date(at: int) -> str:
    """Returns the date of a time, UTC."""
    return clock.to_iso(at)[:10]


def _row(entry: Entry, paywall: Paywall) -> LedgerRow:
    details = entry.details or {}
    account = _ACCOUNTS.get(str(details.get("account")), "")
    direction = f"{'from' if entry.amount_nanos > 0 else 'to'} {account}" if account else ""
    parts = [str(part) for part in (entry.model, details.get("reason"), direction) if part]
    user = entry.user or ""
    return LedgerRow(
        id=entry.id,
        what=_WORDS.get(entry.type, entry.type),
        detail=" · ".join(parts),
        user=user,
        user_url=f"/paywalls/{paywall.id}/users/{end_user_id(paywall.id, user)}/" if user else "",
        when=ago(entry.at),
        at=f"{utc(entry.at)} UTC",
        amount=("+" if entry.amount_nanos > 0 else "") + fine(entry.amount_nanos, paywall.unit),
        is_in=entry.amount_nanos > 0,
    )
