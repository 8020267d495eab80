"""What the menu shows, ready to be read."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from app import wiring
from app.db import Session
from app.domain.authorizations.authorizations import find_active
from app.domain.authorizations.caps import read_cap
from app.domain.errors import NotSignedIn
from app.domain.icons.icons import icon_path
from app.domain.ledger.accounts import Account
from app.domain.money import Environment, format_for_people
from app.domain.paywalls.configuration import read_current
from app.domain.people.sessions import Person
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.domain.wallets.wallets import app_wallet, read_balance
from app.flows.callers.links import AppLink
from app.web.frame import routes
from app.web.frame.format import initials


@dataclass(frozen=True)
class MenuRow:
    """A user of an app, what can be spent there, and where to go; addresses are empty where there is no such way."""

    app_name: str = ""
    initials: str = ""
    icon: str = ""
    detail: str = ""
    spendable: str = ""
    cap: str = ""
    topup_url: str = ""
    activity_url: str = ""
    wallet_url: str = ""
    authorize_url: str = ""
    back_url: str = ""
    is_sandbox: bool = False
    is_shared: bool = False
    is_connected: bool = False


def read_menu(session: Session, link: AppLink, person: Person | None) -> tuple[MenuRow, Account]:
    """Reads the menu of a link, and the account of the wallet that it is about. Raises NotFound, NotSignedIn."""
    paywall, configuration = read_current(session, link.paywall_id)
    environment, unit = paywall.environment, paywall.unit
    links = wiring.get().links
    topup = links.mint_topup(link.paywall_id, link.user, return_url=link.return_url, state=link.state)
    authorize = links.mint_connect(link.paywall_id, link.user, link.return_url, link.state)
    host = urlsplit(configuration.app_url).netloc
    head = MenuRow(
        app_name=configuration.app_name,
        initials=initials(configuration.app_name),
        icon=icon_path(session, paywall.id),
        detail=f"{host} · {link.user}" if host else link.user,
        topup_url=f"/topup/{topup}/",
        back_url=link.way_back() or "",
        is_sandbox=environment is Environment.SANDBOX,
    )
    if paywall.rules.has_app_wallets:
        app = app_wallet(paywall.id, link.user, environment, unit)
        spendable = format_for_people(read_balance(session, app).available_nanos, unit)
        return _with(head, spendable=spendable, activity_url=f"/topup/{topup}/", is_connected=True), app.account
    if person is None:
        raise NotSignedIn("Sign in to see what you can spend here.")
    account = shared_account(person.account_id, environment)
    wallet = read_shared_balance(session, account)
    cap = read_cap(session, person.account_id, paywall.id)
    active = find_active(session, paywall.id, link.user)
    is_connected = active is not None and active.account_id == person.account_id
    spendable_nanos = min(wallet.available_nanos, cap.left_nanos) if is_connected and cap else 0
    menu = _with(
        head,
        spendable=format_for_people(spendable_nanos, unit),
        cap=f"{format_for_people(cap.cap_nanos, unit)} a month" if is_connected and cap else "",
        activity_url=f"{routes.ACTIVITY}/",
        wallet_url=f"{routes.WALLET}/",
        authorize_url=f"/authorize/{authorize}/",
        is_shared=True,
        is_connected=is_connected,
    )
    return menu, account


def _with(head: MenuRow, **more: str | bool) -> MenuRow:
    return MenuRow(**{**head.__dict__, **more})
