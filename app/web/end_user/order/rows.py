"""What the page of an order shows, ready to be read: what it is, who pays, and what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from app import wiring
from app.db import Session
from app.domain.analytics.of_order import By, OrderSum, read_order_usage
from app.domain.icons.icons import icon_path
from app.domain.legs.legs import Source
from app.domain.money import Environment, Unit, format_for_people
from app.domain.orders.orders import Order
from app.domain.people.sessions import Person
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.flows.callers.links import OrderLink
from app.flows.orders.choose import OrderView, Whose, read_view
from app.web.end_user.usage.rows import SumRow, SumTable, sums_words
from app.web.frame.format import counted, initials, paid_by, utc

_TITLES = {By.SESSION: "By session", By.AGENT: "By agent", By.MODEL: "By model"}
_NAMELESS = {By.SESSION: "Without a session", By.AGENT: "Without an agent", By.MODEL: "One-off charges"}


@dataclass(frozen=True)
class OrderPage:
    """Everything on the page. `whose` is `own`, `nobodys` or `anothers`; of somebody else's only the app is told.

    `billing` is empty until it is chosen; with `is_waiting` there is nothing to pay the next call from. `connect_url`
    leads to the consent that is missing, `back_url` to the app.
    """

    app_name: str = ""
    initials: str = ""
    icon: str = ""
    name: str = ""
    external_id: str = ""
    is_sandbox: bool = False
    whose: str = ""
    connect_url: str = ""
    back_url: str = ""
    wallet: str = ""
    available: str = ""
    is_waiting: bool = False
    billing: str = ""
    billing_note: str = ""
    tables: list[SumTable] = field(default_factory=list)
    csv_url: str = ""


def read_order_page(session: Session, link: OrderLink, person: Person) -> OrderPage:
    """Reads what a link to an order shows to a person. Raises LinkInvalid."""
    view = read_view(session, link, person)
    app = OrderPage(
        app_name=view.configuration.app_name, initials=initials(view.configuration.app_name),
        icon=icon_path(session, link.paywall_id), is_sandbox=view.paywall.environment is Environment.SANDBOX,
        back_url=link.way_back() or "", whose=view.whose.value,
    )  # fmt: skip
    if view.whose is Whose.ANOTHERS:
        return app
    order = view.order
    if view.whose is Whose.NOBODYS:
        return replace(app, name=order.name, external_id=order.user, connect_url=_connect_url(link))
    unit = view.paywall.unit
    balance = read_shared_balance(session, shared_account(person.account_id, view.paywall.environment, unit))
    usage = read_order_usage(session, link.paywall_id, order.id)
    tables = [SumTable("Together", _rows(usage.totals, unit, "All"))]
    # Where nothing has a name, the table would say again what all of it came to.
    told = [by for by in By if any(one.name for one in usage.tables[by])]
    tables += [SumTable(_TITLES[by], _rows(usage.tables[by], unit, _NAMELESS[by])) for by in told]
    return replace(
        app,
        name=order.name,
        external_id="" if view.paywall.rules.is_operators else order.user,
        wallet="credits" if unit is Unit.CREDIT else "wallet",
        available=format_for_people(balance.available_nanos, unit),
        billing="" if order.billing is None else order.billing.value,
        is_waiting=order.billing is Source.PLATFORM and balance.available_nanos <= 0,
        billing_note=_note(view, order),
        tables=[table for table in tables if table.rows],
        csv_url=f"/manage/order.csv?token={quote(link.token)}" if usage.totals else "",
    )


def _connect_url(link: OrderLink) -> str:
    """Returns where this user lets the app charge them, and comes back from to the order."""
    links = wiring.get().links
    return links.connect_page(links.mint_connect(link.paywall_id, link.user, f"/order/{link.token}/"))


def _note(view: OrderView, order: Order) -> str:
    if order.billing is None:
        return ""
    when = "The app said so." if order.chosen_at is None else f"You chose it on {utc(order.chosen_at)} UTC."
    if order.billing is Source.PLATFORM:
        return f"{when} It counts for all of this order."
    other = "credits" if view.paywall.unit is Unit.CREDIT else "wallet"
    if order.may_fall_back:
        return f"{when} Where no key of yours serves, your {other} pays; each receipt says which did."
    return f"{when} Your {other} is never charged for it."


def _rows(sums: Sequence[OrderSum], unit: Unit, nameless: str) -> list[SumRow]:
    words = sums_words([(one.charged, unit) for one in sums])
    return [
        SumRow(
            key=f"{one.name}:{one.source}",
            name=one.name or nameless,
            source=paid_by(one.source, unit),
            used=f"{counted(one.requests, 'request')} · {counted(one.tokens, 'token')}",
            charged=charged,
        )
        for one, charged in zip(sums, words, strict=True)
    ]
