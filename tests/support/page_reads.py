"""What every page with lists or sums reads, by the page and by what it is asked for: for whoever measures such reads,
and whoever looks at their plans."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.analytics.groups import By
from app.domain.money import Environment
from app.domain.paywalls.members import Manager
from app.domain.people.sessions import Person
from app.domain.rollups import reading
from app.domain.usage.activity import Side, read_wallet_movements
from app.domain.usage.spending import read_spending
from app.domain.wallets.shared import shared_account
from app.domain.wallets.users import Barred
from app.domain.wallets.wallets import end_user_id
from app.flows.callers.links import TopupLink
from app.flows.pricing.drafts import plan
from app.flows.pricing.sheet import Query
from app.flows.wallets.books import Book
from app.web.developer.account_analytics import rows as account
from app.web.developer.alerts.rows import read_alerts_page
from app.web.developer.analytics.reading import read_analytics
from app.web.developer.analytics.wanted import Wanted
from app.web.developer.dashboard.rows import read_dashboard
from app.web.developer.earnings.rows import read_earnings_page
from app.web.developer.events import rows as events
from app.web.developer.frame.rows import read_head
from app.web.developer.keys.rows import read_keys_page
from app.web.developer.ledger import rows as ledger
from app.web.developer.limits import rows as limits
from app.web.developer.messages.rows import read_words
from app.web.developer.overview.rows import read_overview
from app.web.developer.payments.rows import read_payments_page
from app.web.developer.prices.draft_state import read_desk
from app.web.developer.prices.rows import read_page
from app.web.developer.profile import rows as profile
from app.web.developer.provider import rows as provider
from app.web.developer.requests import rows as requests
from app.web.developer.user.rows import read_user_page
from app.web.developer.users import rows as users
from app.web.developer.versions.rows import read_versions_page
from app.web.end_user.credits.rows import read_credits
from app.web.end_user.settings.rows import read_account_page
from app.web.end_user.topup import rows as topup
from app.web.end_user.usage.rows import read_usage_page
from app.web.end_user.wallet.rows import read_purse
from app.web.end_user.withdraw.rows import read_withdraw_page
from app.web.frame import routes
from app.web.frame.format import utc
from app.web.operator.accounts.rows import read_accounts_page
from app.web.operator.catalogue.rows import read_catalogue_page
from app.web.operator.connections.rows import read_connections_page
from app.web.operator.health.rows import read_health_page
from app.web.operator.jobs.rows import read_jobs_page
from app.web.operator.paywalls.rows import read_paywalls_page
from app.web.operator.settings.rows import read_settings_page
from app.web.operator.treasury.rows import read_treasury_page
from app.web.operator.wallets.rows import read_wallets_page
from app.wiring import choices
from tests.support.managing import manager

Read = Callable[[Session], object]
NO_EMAILS = frozenset[str]()


@dataclass(frozen=True)
class PageRead:
    """What a page reads. `is_sums` says that it shows sums alone, so that nothing it reads grows with every request."""

    route: str
    read: Read
    is_sums: bool = False


@dataclass(frozen=True)
class Reader:
    """Who looks: the owner of a paywall in default mode, one of its users, and somebody with a shared wallet."""

    who: Manager
    owner: Person
    user: str
    person: Person

    @property
    def own_id(self) -> str:
        """Our own id of the user."""
        return end_user_id(self.who.paywall_id, self.user)


def reader_of(paywall_id: str, owner: Person, user: str, person_id: str) -> Reader:
    """Returns who looks at a paywall, which is the owner's."""
    return Reader(manager(paywall_id, owner), owner, user, replace(owner, account_id=person_id))


def page_reads(reader: Reader) -> Mapping[str, PageRead]:
    """Returns what each page reads, by its name and what it is asked for."""
    return {**_sums(reader), **_lists(reader), **_set_up(reader), **_of_people(reader), **_of_operators()}


def _sums(reader: Reader) -> Mapping[str, PageRead]:
    paywall_id, owner = reader.who.paywall_id, reader.owner
    asking = account.Asking(owner, NO_EMAILS, "")

    def analytics(**asked: str) -> Read:
        return lambda s: read_analytics(s, paywall_id, Wanted(**asked), "")

    def together(**asked: str) -> Read:
        return lambda s: account.read_account_analytics(s, asking, Wanted(**asked))

    def odd(s: Session) -> Wanted:
        """A range of which no job lists the users."""
        last = reading.today(s, paywall_id)
        return Wanted(first=str(last - timedelta(76)), last=str(last), by=By.USER.value)

    parts = {
        f"{name}, by {by}{f' and {also}' if also else ''}, {days} days":
            PageRead(route, read(by=by.value, also=also, days=days), is_sums=True)
        for name, route, read, groups, pairs in (
            ("analytics", routes.ANALYTICS, analytics, (By.MODEL, By.USER, By.KEY),
             ((By.USER, By.MODEL), (By.USER, By.KEY), (By.USER, By.SOURCE), (By.MODEL, By.KEY), (By.MODEL, By.SOURCE))),
            ("account", routes.ACCOUNT_ANALYTICS, together, (By.PAYWALL, By.MODEL, By.USER),
             ((By.USER, By.MODEL), (By.PAYWALL, By.MODEL))),
        )
        for by, also in (*((by, also) for by in groups for also in ("", By.DAY.value)), *pairs)
        for days in ("30", "90")
    }  # fmt: skip
    return {
        "dashboard, 30 days": PageRead(routes.DASHBOARD, lambda s: read_dashboard(s, owner, 30), is_sums=True),
        "dashboard, 90 days": PageRead(routes.DASHBOARD, lambda s: read_dashboard(s, owner, 90), is_sums=True),
        "overview": PageRead(routes.OVERVIEW, lambda s: read_overview(s, reader.who)),
        **parts,
        "analytics, by user, 77 days": PageRead(
            routes.ANALYTICS, lambda s: read_analytics(s, paywall_id, odd(s), ""), is_sums=True
        ),
        "alerts": PageRead(routes.ALERTS, lambda s: read_alerts_page(s, paywall_id), is_sums=True),
    }


def _lists(reader: Reader) -> Mapping[str, PageRead]:
    paywall_id, user = reader.who.paywall_id, reader.user

    def asks(**wanted: str) -> Read:
        return lambda s: requests.read_requests_page(s, paywall_id, requests.Wanted(**wanted), "")

    def books(**wanted: str) -> Read:
        return lambda s: ledger.read_ledger_page(s, paywall_id, ledger.Wanted(**wanted))

    def people(**wanted: str) -> Read:
        return lambda s: users.read_users_page(s, paywall_id, users.Wanted(**wanted))

    day = utc(clock.now() - 45 * clock.DAY)[:10]
    asked = {
        "requests": asks(), "requests of one user": asks(user=user), "requests of a user who is none": asks(user="x"),
        "requests of a day": asks(day=day), "requests of a status": asks(status="settled"),
        "requests of no status": asks(status="interrupted"), "requests, nothing fits": asks(model="none"),
    }  # fmt: skip
    found = {
        "users": people(), "users, one is named": people(search=user), "users, nothing fits": people(search="q"),
        "users who are blocked": people(barred=Barred.BLOCKED.value),
        "users who are frozen": people(barred=Barred.FROZEN.value),
    }  # fmt: skip
    written = {
        "ledger": books(), "ledger of one user": books(user=user), "ledger of a day": books(day=day),
        **{f"ledger, {book.value}": books(account=book.value) for book in ledger.BOOK_NAMES},
        "ledger, revenue of one user": books(account=Book.REVENUE.value, user=user),
        "ledger, revenue of a user who is none": books(account=Book.REVENUE.value, user="x"),
        "ledger of a user who is none": books(user="x"),
    }  # fmt: skip
    return {
        **{name: PageRead(routes.REQUESTS, read) for name, read in asked.items()},
        **{name: PageRead(routes.USERS, read) for name, read in found.items()},
        **{name: PageRead(routes.LEDGER, read) for name, read in written.items()},
        "one user": PageRead(routes.USER, lambda s: read_user_page(s, reader.who, reader.own_id, "")),
        "events": PageRead(routes.EVENTS, lambda s: events.read_events_page(s, reader.who, events.Wanted())),
        "earnings": PageRead(routes.EARNINGS, lambda s: read_earnings_page(s, reader.owner)),
    }


def _set_up(reader: Reader) -> Mapping[str, PageRead]:
    who, paywall_id = reader.who, reader.who.paywall_id
    return {
        "keys": PageRead(routes.KEYS, lambda s: read_keys_page(s, paywall_id)),
        "limits": PageRead(routes.LIMITS, lambda s: limits.read_page(s, who, (), "", 1)),
        "provider": PageRead(routes.PROVIDER, lambda s: provider.read_page(s, who)),
        "payments": PageRead(routes.PAYMENTS, lambda s: read_payments_page(s, paywall_id)),
        "prices": PageRead(routes.PRICES, lambda s: _prices(s, who, "")),
        "prices, looked for": PageRead(routes.PRICES, lambda s: _prices(s, who, "model-1")),
        "versions": PageRead(routes.VERSIONS, lambda s: read_versions_page(s, who, 0, 0)),
        "messages": PageRead(routes.MESSAGES, lambda s: read_words(s, who)),
        "profile": PageRead(
            routes.PROFILE, lambda s: (profile.read_playground_view(s, who, ""), profile.read_form(s, paywall_id))
        ),
        "the frame of a paywall": PageRead(routes.DANGER, lambda s: read_head(s, reader.owner, who, NO_EMAILS)),
    }


def _prices(session: Session, who: Manager, words: str) -> object:
    desk = read_desk(session, who)
    return read_page(desk, (), Query(words)), plan(desk, ())


def _of_people(reader: Reader) -> Mapping[str, PageRead]:
    person = reader.person
    wallet = shared_account(person.account_id, Environment.SANDBOX)
    link = TopupLink("", reader.who.paywall_id, reader.user, None, None, clock.now() + clock.DAY)

    def activity(side: Side, app: str | None = None) -> Read:
        return lambda s: (
            read_wallet_movements(s, wallet, limit=51, side=side, paywall_id=app), read_spending(s, wallet, 30)
        )  # fmt: skip

    return {
        "top-up": PageRead(routes.TOPUP, lambda s: topup.read_page(s, link, 20, None)),
        "a person's wallet": PageRead(routes.WALLET, lambda s: read_purse(s, person, "")),
        "a person's activity": PageRead(routes.ACTIVITY, activity(Side.ALL)),
        "a person's activity, what came in": PageRead(routes.ACTIVITY, activity(Side.IN)),
        "a person's activity in one app": PageRead(routes.ACTIVITY, activity(Side.ALL, reader.who.paywall_id)),
        "a person's usage": PageRead(routes.USAGE, lambda s: read_usage_page(s, person)),
        "a person's credits": PageRead(routes.CREDITS, lambda s: read_credits(s, person, Environment.SANDBOX)),
        "a person's withdrawals": PageRead(routes.WITHDRAW, lambda s: read_withdraw_page(s, person, "")),
        "a person's settings": PageRead(routes.SETTINGS, lambda s: read_account_page(s, person)),
    }


def _of_operators() -> Mapping[str, PageRead]:
    wallets = {"frozen": "", "of one user": "user-000001", "of nobody": "nobody"}
    return {
        "operator, health": PageRead(routes.OPERATOR_HEALTH, read_health_page),
        "operator, jobs": PageRead(routes.OPERATOR_JOBS, read_jobs_page),
        "operator, connections": PageRead(routes.OPERATOR_CONNECTIONS, read_connections_page),
        "operator, catalogue": PageRead(routes.OPERATOR_CATALOGUE, lambda s: read_catalogue_page(s, "")),
        "operator, accounts": PageRead(routes.OPERATOR_ACCOUNTS, lambda s: read_accounts_page(s, "")),
        "operator, an account": PageRead(routes.OPERATOR_ACCOUNTS, lambda s: read_accounts_page(s, "nobody@x.org")),
        "operator, paywalls": PageRead(routes.OPERATOR_PAYWALLS, lambda s: read_paywalls_page(s, "")),
        **{
            f"operator, wallets {name}": PageRead(
                routes.OPERATOR_WALLETS, lambda s, words=words: read_wallets_page(s, words)  # type: ignore[misc]
            )
            for name, words in wallets.items()
        },
        "operator, treasury": PageRead(routes.OPERATOR_TREASURY, read_treasury_page),
        "operator, settings": PageRead(
            routes.OPERATOR_SETTINGS, lambda s: read_settings_page(s, choices.said())
        ),
    }  # fmt: skip
