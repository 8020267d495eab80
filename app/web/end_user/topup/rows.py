"""What the top-up page shows, ready to be read: of an app wallet, or of the shared one of whoever is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.db import Session
from app.domain.errors import NotSignedIn
from app.domain.icons.icons import icon_path
from app.domain.inbox.connections import Connection
from app.domain.ledger.accounts import Account
from app.domain.money import Environment, format_for_people
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.people.sessions import Person
from app.domain.usage.activity import read_wallet_movements
from app.domain.wallets.freezes import list_freezes
from app.domain.wallets.shared import read_shared_balance, shared_account
from app.domain.wallets.wallets import app_wallet
from app.flows.callers.links import TopupLink
from app.flows.disputes.offers import read_offers
from app.flows.payments.offered import list_offered
from app.web.components.activity_rows import Beside, MovementRow, to_row
from app.web.components.topup_notes import words_of
from app.web.frame.format import initials

NANOS_OF_MICRO = 1_000


@dataclass(frozen=True)
class WalletRow:
    """The wallet's head. `held`, `owed`, `short`, `back_url` and `frozen` (why) are empty where there is nothing to
    say."""

    app_name: str = ""
    initials: str = ""
    icon: str = ""
    available: str = ""
    held: str = ""
    owed: str = ""
    short: str = ""
    back_url: str = ""
    is_sandbox: bool = False
    is_shared: bool = False
    is_archived: bool = False
    frozen: str = ""


@dataclass(frozen=True)
class WalletPage:
    """The wallet, its account in the ledger, and the newest of its movements; of a shared one those of this app."""

    wallet: WalletRow
    movements: list[MovementRow]
    has_more: bool
    account: Account
    ways: Sequence[Connection]


def read_page(session: Session, link: TopupLink, shown: int, person: Person | None) -> WalletPage:
    """Reads the wallet that a link stands for and its newest `shown` movements. Raises NotFound, NotSignedIn."""
    paywall, configuration = read_current(session, link.paywall_id)
    environment, unit = paywall.environment, paywall.unit
    is_shared = not paywall.rules.has_app_wallets
    if is_shared and person is None:
        raise NotSignedIn("Sign in to top up your wallet.")
    account = (
        shared_account(person.account_id, environment)
        if is_shared and person is not None
        else app_wallet(paywall.id, link.user, environment, unit).account
    )
    movements = read_wallet_movements(session, account, limit=shown + 1, paywall_id=paywall.id if is_shared else None)
    wallet = _head(session, link, configuration, account, paywall)
    offers = read_offers(session, account, [movement.topup_id for movement in movements if movement.topup_id])
    rows = [to_row(movement, unit, beside=Beside(offers)) for movement in movements[:shown]]
    has_more, ways = len(movements) > shown, list_offered(session, paywall)
    return WalletPage(wallet=wallet, movements=rows, has_more=has_more, account=account, ways=ways)


def _head(
    session: Session, link: TopupLink, configuration: Configuration, account: Account, paywall: Paywall
) -> WalletRow:
    balance, unit = read_shared_balance(session, account), account.unit
    short = link.short_nanos or 0
    # Rounded up, so that what is asked for is enough.
    short = -(-short // NANOS_OF_MICRO) * NANOS_OF_MICRO
    return WalletRow(
        app_name=configuration.app_name,
        initials=initials(configuration.app_name),
        icon=icon_path(session, paywall.id),
        available=format_for_people(balance.available_nanos, unit),
        held=format_for_people(balance.held_nanos, unit) if balance.held_nanos else "",
        owed=format_for_people(balance.owed_nanos, unit) if balance.owed_nanos else "",
        short=format_for_people(short, unit) if short and balance.available_nanos < short else "",
        back_url=link.way_back() or "",
        is_sandbox=account.environment is Environment.SANDBOX,
        is_shared=not paywall.rules.has_app_wallets,
        is_archived=paywall.is_archived,
        frozen=words_of([reason for reason, _ in list_freezes(session, account.owner)]),
    )
