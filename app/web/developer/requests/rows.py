"""What the list of a paywall's requests shows, ready to be read: filters, rows, and what only the developer is told."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.errors import LinkInvalid
from app.domain.money import Unit, parse_nanos
from app.domain.paywalls.keys import KeyView, list_keys
from app.domain.paywalls.paywall import to_paywall
from app.domain.paywalls.tables import PaywallRow
from app.domain.playground.playground import KEY_ID
from app.domain.pricing.receipts import Receipt, explain
from app.domain.usage.request_list import LOOKED_MAX, STATUSES, RequestFilter, look
from app.domain.usage.tables import RequestKind, RequestStatus
from app.domain.wallets.wallets import end_user_id
from app.web.components.activity_rows import MovementRow, exact_money, receipt_parts
from app.web.components.payouts.rows import FactRow
from app.web.frame import routes
from app.web.frame.format import ago, fine, model_name, utc

ROWS_A_PAGE = 25
DAY = 24 * 3_600 * clock.SECOND
STATES = {
    RequestStatus.RUNNING: ("Running", "wait"),
    RequestStatus.SETTLED: ("Charged", ""),
    RequestStatus.RELEASED: ("Not charged", ""),
    RequestStatus.INTERRUPTED: ("Interrupted", "bad"),
}
_TITLES = {RequestKind.MANUAL.value: "One-off charge", RequestKind.REFUND.value: "Refund of a charge"}
_SPLIT = (("provider", "Provider cost"), ("platform", "Fee"), ("developer", "Yours"), ("trial", "Back to trial money"))
NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class RequestRow(MovementRow):
    """One request with its receipt; `facts` are what only its developer is told."""

    user: str = ""
    user_url: str = ""
    status: str = ""
    tone: str = ""
    facts: list[FactRow] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """What the address asks for, as it stands there; `day` is a date, UTC, and with `until` the first of several."""

    user: str = ""
    model: str = ""
    status: str = ""
    day: str = ""
    until: str = ""
    key: str = ""
    session: str = ""
    agent: str = ""
    order: str = ""
    id: str = ""

    @property
    def has_more(self) -> bool:
        """Whether something is asked for that few ask for."""
        return any((self.until, self.key, self.session, self.agent, self.order, self.id))

    def filter(self) -> RequestFilter:
        """Returns what is asked for of the requests."""
        since, last = day_of(self.day), day_of(self.until or self.day)
        return RequestFilter(
            user=self.user or None,
            model=self.model or None,
            status=self.status if self.status in STATUSES else None,
            since=since,
            until=None if last is None else last + DAY,
            key_id=self.key or None,
            session=self.session or None,
            agent=self.agent or None,
            order_id=self.order or None,
            named=self.id or None,
        )


ASKED = tuple(field.name for field in fields(Wanted))
"""What an address may ask for, by the names of its parameters."""


@dataclass(frozen=True)
class KeyChoice:
    """A key by which requests may have come."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True)
class RequestsPage:
    """Everything on the page. `looked` says how far it looked where it ended before the last request."""

    rows: list[RequestRow] = field(default_factory=list)
    asked: Wanted = Wanted()
    key_choices: list[KeyChoice] = field(default_factory=list)
    is_filtered: bool = False
    is_more_open: bool = False
    address: str = ""
    clear: str = ""
    older: str = ""
    looked: str = ""


def read_requests_page(session: Session, paywall_id: str, wanted: Wanted, before: str) -> RequestsPage:
    """Reads a page of a paywall's requests, the newest first."""
    paywall = to_paywall(session.get_one(PaywallRow, paywall_id))
    page = look(session, paywall.id, wanted.filter(), before_of(before), ROWS_A_PAGE)
    path, kept = f"/paywalls/{paywall.id}/requests/", asdict(wanted)
    older = "" if page.following is None else wiring.get().links.mint_cursor([page.following])
    return RequestsPage(
        rows=[request_row(explain(row, row["external_id"]), paywall.id, row["created_at"]) for row in page.rows],
        asked=wanted,
        key_choices=_choices(list_keys(session, paywall.id)),
        is_filtered=any(kept.values()),
        is_more_open=wanted.has_more,
        address=wiring.get().links.base_url + routes.with_query(path, **kept),
        clear=path,
        older=routes.with_query(path, **kept, before=older) if older else "",
        looked=looked_words(page.looked_until),
    )  # fmt: skip


def _choices(keys: Sequence[KeyView]) -> list[KeyChoice]:
    named = [KeyChoice(key.id, key.name or f"Key …{key.last_four}") for key in keys]
    return [*named, KeyChoice(KEY_ID, "Playground")]


def request_row(receipt: Receipt, paywall_id: str, at: int) -> RequestRow:
    """Returns a request as its developer reads it."""
    unit, charge = Unit(receipt.unit), parse_nanos(receipt.charge)
    is_refund = receipt.kind == RequestKind.REFUND.value
    status, tone = STATES[RequestStatus(receipt.status)]
    amount = fine(charge, unit)
    return RequestRow(
        cursor=receipt.id,
        id=receipt.id,
        title=_TITLES.get(receipt.kind) or model_name(receipt.model) or "Request",
        detail="",
        when=ago(at),
        at=f"{utc(at)} UTC",
        amount=f"+{amount}" if is_refund else amount,
        is_in=is_refund,
        user=receipt.user,
        user_url=f"/paywalls/{paywall_id}/users/{end_user_id(paywall_id, receipt.user)}/",
        status="Given back" if is_refund else status,
        tone=tone,
        facts=facts_of(receipt),
        **receipt_parts(receipt),
    )


def facts_of(receipt: Receipt) -> list[FactRow]:
    """Returns what a receipt says to its developer alone, and where the request came from."""

    def money(amount: str) -> str:
        return exact_money(amount, receipt.unit)

    version = NOT_RECORDED if receipt.paywall_version is None else str(receipt.paywall_version)
    facts = [(name, money(receipt.split[part])) for part, name in _SPLIT if receipt.split and part in receipt.split]
    if receipt.shortfall != "0":
        facts.append(("Paid by nobody", money(receipt.shortfall)))
    if receipt.provider_cost is not None:
        facts.append(("Cost, as the provider said", exact_money(receipt.provider_cost, Unit.USD)))
    facts.append(("Version of the paywall", version))
    facts += [(name, value) for name, value in (
        ("Version of the price", "" if receipt.price_version is None else str(receipt.price_version)),
        ("Provider", receipt.provider or ""),
        ("Answered", "streamed" if receipt.streamed else ""),
        ("Key", receipt.key_id or ""),
        ("User named in", "" if receipt.user_from is None else receipt.user_from.value),
        ("Session", receipt.session or ""),
        ("Agent", receipt.agent or ""),
        ("Order", receipt.order or ""),
        ("The app's own id", receipt.client_request_id or ""),
    ) if value]  # fmt: skip
    return [FactRow(name, value) for name, value in facts]


def looked_words(until: int | None) -> str:
    """Says how far a list looked that ended before the last request; nothing for one that did not."""
    return "" if until is None else f"Looked at {LOOKED_MAX:,} requests, back to {utc(until)} UTC."


def day_of(text: str) -> int | None:
    """Returns when a day begins, UTC, in microseconds; None for what is no date."""
    try:
        begins = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(begins.timestamp()) * clock.SECOND


def before_of(cursor: str) -> str | None:
    """Returns the request before which a page begins; what is no cursor of ours begins at the newest."""
    try:
        (before,) = wiring.get().links.open_cursor(cursor)
    except (LinkInvalid, ValueError):
        return None
    return before if isinstance(before, str) else None
