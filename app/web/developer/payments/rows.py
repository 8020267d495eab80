"""What the page of a paywall's payments shows, ready to be read: its connections and how they fare. No secret."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.inbox import access
from app.domain.inbox.health import READ_SECONDS_MAX, Health, read_health
from app.domain.inbox.tables import EndpointStatus
from app.domain.money import Environment
from app.domain.paywalls.configuration import read_current
from app.flows.payments.received import STRIPE
from app.web.frame.format import ago

_ENDPOINTS = {
    EndpointStatus.ENABLED: ("Stripe sends its events", "ok"),
    EndpointStatus.DISABLED: ("Stripe has stopped sending: the endpoint is disabled. Change the key to make a new one;"
                              " until then the list of events is read instead.", "bad"),
    EndpointStatus.MISSING: ("The endpoint was deleted at Stripe. Change the key to make a new one; until then the list"
                             " of events is read instead.", "bad"),
}  # fmt: skip


@dataclass(frozen=True)
class FactRow:
    """One thing to know about a connection; `tone` is `ok`, `wait`, `bad` or nothing."""

    name: str = ""
    text: str = ""
    tone: str = ""


@dataclass(frozen=True)
class AccountRow:
    """A Stripe account. `id` is empty where none is connected; `problem` is what keeps it from working."""

    id: str = ""
    title: str = ""
    detail: str = ""
    problem: str = ""
    facts: list[FactRow] = field(default_factory=list)


@dataclass(frozen=True)
class PaymentsPage:
    """Everything on the page. `earlier` take nothing new, and have a key still."""

    has_own_account: bool = True
    account: AccountRow = AccountRow()
    earlier: list[AccountRow] = field(default_factory=list)
    key_page: str = ""
    key_start: str = ""
    connect_url: str = ""
    permissions: list[str] = field(default_factory=list)


def read_payments_page(session: Session, paywall_id: str) -> PaymentsPage:
    """Reads where a paywall's payments go."""
    paywall, _ = read_current(session, paywall_id)
    accounts = wiring.get().stripe.accounts
    found = [read_health(session, one.id) for one in access.list_of_paywall(session, STRIPE, paywall.id)]
    return PaymentsPage(
        has_own_account=paywall.rules.has_app_wallets,
        account=next((_account(health) for health in found if health.is_open), AccountRow()),
        earlier=[_account(health) for health in found if not health.is_open and health.has_key],
        key_page=accounts.key_page(paywall.environment),
        key_start="rk_test_…" if paywall.environment is Environment.SANDBOX else "rk_live_…",
        connect_url=f"/manage/paywalls/{paywall.id}/stripe",
        permissions=[permission.name for permission in accounts.permissions()],
    )


def _account(health: Health) -> AccountRow:
    mode = "test mode" if health.environment is Environment.SANDBOX else "live mode"
    refused = ""
    if health.refused_at is not None:
        refused = f"Stripe refuses the key since {ago(health.refused_at)}: {health.last_error or 'it does not say why'}"
    return AccountRow(
        id=health.connection_id,
        title=health.account or "Your Stripe account",
        detail=f"Stripe, {mode}",
        problem=refused,
        facts=[*_facts(health)] if health.is_open else [],
    )


def _facts(health: Health) -> Sequence[FactRow]:
    if health.endpoint_status is None:
        endpoint = FactRow("Webhooks", "None: this instance has no public https address, so that Stripe cannot send to"
                           " it. Its list of events is read instead.", "wait")  # fmt: skip
    else:
        text, tone = _ENDPOINTS[health.endpoint_status]
        seen = "" if health.checked_at is None else f" · looked at {ago(health.checked_at)}"
        endpoint = FactRow("Webhooks", text + seen, tone)
    currency = {
        True: FactRow("Settles in", "US dollars", "ok"),
        False: FactRow("Settles in", "Another currency than US dollars. Payments work; Stripe's fees and the account's"
                       " balance are not compared here.", "wait"),
        None: FactRow("Settles in", "Not known yet", ""),
    }[health.settles_usd]  # fmt: skip
    return endpoint, _events(health), currency


def _events(health: Health) -> FactRow:
    """Says how far the list of events was read; where that is long ago nothing is given back by itself."""
    if health.events_read_at is None:
        return FactRow("Events", "The list was not read yet; that takes up to five minutes.", "wait")
    is_late = health.events_read_at < clock.now() - READ_SECONDS_MAX * clock.SECOND
    return FactRow("Events", f"The list was read to its end {ago(health.events_read_at)}", "bad" if is_late else "ok")
