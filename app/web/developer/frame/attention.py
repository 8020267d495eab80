"""What needs a developer's attention: what is wrong with a paywall, since when, and where it is mended. Worst first."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.db import Session
from app.domain.events import subscriptions
from app.domain.events.subscriptions import SubscriptionView
from app.domain.events.tables import EndedBy
from app.domain.inbox import access
from app.domain.inbox.health import Health, read_health
from app.domain.inbox.tables import EndpointStatus
from app.domain.money import Environment
from app.domain.paywalls.configuration import Configuration, read_current
from app.domain.paywalls.keys import has_working_key
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.provider import BUILT_IN
from app.domain.pricing.offered import first_offer
from app.domain.providers import refusals
from app.flows.payments.received import STRIPE
from app.web.developer.frame.sections import EVENTS, KEYS, PAYMENTS, PRICES, PROVIDER, Section, linked
from app.web.frame.format import ago

BAD, WAIT = "bad", "wait"
_REFUSED = {402: "{} wants to be paid first", 403: "{} does not allow the requests"}
"""What a refusal means by its status, where it is not the key itself that is wrong."""
FAILURES_MIN = 3
"""From how many failed attempts in a row on a webhook is said to fail."""


@dataclass(frozen=True)
class AttentionRow:
    """One thing that is wrong; `tone` is `bad` or `wait`, `url` where it is mended, empty where there is no page."""

    id: str = ""
    paywall: str = ""
    title: str = ""
    detail: str = ""
    tone: str = WAIT
    action: str = ""
    url: str = ""


def read_attention(session: Session, paywall_id: str) -> list[AttentionRow]:
    """Reads what is wrong with a paywall, the worst first. No request is read for that."""
    paywall, configuration = read_current(session, paywall_id)
    if paywall.is_archived:
        return []
    name = configuration.app_name
    found = (
        *_payments(session, paywall, name), *_refused(session, paywall, name), *_providers(paywall, configuration),
        *_models(session, paywall, name), *_webhooks(session, paywall, name), *_keys(session, paywall, name),
    )  # fmt: skip
    return sorted(found, key=lambda row: row.tone != BAD)


def _row(paywall: Paywall, name: str, about: str, title: str, detail: str, tone: str, mend: tuple[str, Section]) -> (
    AttentionRow
):  # fmt: skip
    action, section = mend
    url = f"/paywalls/{paywall.id}/{section.name}/" if action and section in linked() else ""
    return AttentionRow(f"{paywall.id}:{about}", name, title, detail, tone, action if url else "", url)


def _payments(session: Session, paywall: Paywall, name: str) -> Iterable[AttentionRow]:
    if not paywall.rules.has_app_wallets:
        return
    found = [read_health(session, one.id) for one in access.list_of_paywall(session, STRIPE, paywall.id)]
    opened = [health for health in found if health.is_open]
    for health in opened:
        yield from _connection(paywall, name, health)
    if not opened and paywall.environment is Environment.LIVE:
        yield _row(paywall, name, "unpaid", "Nobody can pay by card", "No Stripe account is connected. Only your"
                   " own server can put money into wallets, by the deposit API.", WAIT,
                   ("Connect Stripe", PAYMENTS))  # fmt: skip


def _connection(paywall: Paywall, name: str, health: Health) -> Iterable[AttentionRow]:
    if health.refused_at is not None:
        yield _row(paywall, name, "stripe", "Stripe refuses the key", f"Since {ago(health.refused_at)} no checkout can"
                   " be made. Paste a new restricted key.", BAD, ("Replace the key", PAYMENTS))  # fmt: skip
    elif health.endpoint_status in (EndpointStatus.DISABLED, EndpointStatus.MISSING):
        yield _row(paywall, name, "stripe-endpoint", "Stripe no longer sends its events", "Payments are read from its"
                   " list instead, some minutes later. Change the key to make a new endpoint.", WAIT,
                   ("Open payments", PAYMENTS))  # fmt: skip


def _refused(session: Session, paywall: Paywall, name: str) -> Iterable[AttentionRow]:
    for one in refusals.list_of(session, paywall.id):
        said = f" It says: {one.words}" if one.words else ""
        title = _REFUSED.get(one.status, "{} refuses the key").format(one.provider)
        detail = f"It answers {one.status}, first {ago(one.since)}, last {ago(one.last_at)}; users get 502.{said}"
        if one.provider == BUILT_IN:
            yield _row(paywall, name, f"refused:{one.provider}", title, f"{detail} Its key is the operator's.", BAD,
                       ("", PROVIDER))  # fmt: skip
        else:
            yield _row(paywall, name, f"refused:{one.provider}", title, detail, BAD, ("Open provider", PROVIDER))


def _providers(paywall: Paywall, configuration: Configuration) -> Iterable[AttentionRow]:
    for provider in configuration.providers:
        if provider.has_own_key and provider.key_sealed is None and not provider.headers:
            yield _row(paywall, configuration.app_name, f"provider:{provider.name}", f"{provider.name} has no key",
                       "Requests go there without one. Most providers refuse that.", WAIT,
                       ("Set the key", PROVIDER))  # fmt: skip


def _models(session: Session, paywall: Paywall, name: str) -> Iterable[AttentionRow]:
    if first_offer(session, paywall.id) is None:
        yield _row(paywall, name, "models", "No model has a price", "Every request is answered with 404 until one has.",
                   BAD, ("Open prices", PRICES))  # fmt: skip


def _webhooks(session: Session, paywall: Paywall, name: str) -> Iterable[AttentionRow]:
    for one in subscriptions.list_of(session, paywall.id):
        if one.ended_by in (EndedBy.FAILURES, EndedBy.GONE):
            yield _webhook(paywall, name, one, "A webhook was switched off", "Its endpoint answered 410."
                           if one.ended_by is EndedBy.GONE else "Nothing arrived there for an hour.", BAD)  # fmt: skip
        elif one.is_active and one.consecutive_failures >= FAILURES_MIN:
            yield _webhook(paywall, name, one, "A webhook fails", f"The last {one.consecutive_failures} attempts"
                           " did not arrive. They are tried again.", WAIT)  # fmt: skip


def _webhook(
    paywall: Paywall, name: str, one: SubscriptionView, title: str, detail: str, tone: str
) -> AttentionRow:  # fmt: skip
    return _row(paywall, name, f"webhook:{one.id}", title, f"{one.url[:80]}: {detail}", tone, ("Open events", EVENTS))


def _keys(session: Session, paywall: Paywall, name: str) -> Iterable[AttentionRow]:
    if not has_working_key(session, paywall.id):
        yield _row(paywall, name, "keys", "No key works", "Its app is answered with 401 until you make one.", WAIT,
                   ("Make a key", KEYS))  # fmt: skip
