"""Events that a flow writes in its own transaction: what each is made of."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.domain.authorizations.tables import Authorization
from app.domain.disputes.tables import Dispute
from app.domain.events import catalogue, outbox
from app.domain.events.made import about, make
from app.domain.ids import new_id
from app.domain.ledger.accounts import Account, parse
from app.domain.money import CENT_NANOS, CREDITS_PER_DOLLAR, NANOS, Unit, format_decimal, nanos_of_cents
from app.domain.paywalls.changes import Section, note_change
from app.domain.paywalls.keys import KeyView
from app.domain.paywalls.versions import Edition, publish
from app.domain.refunds.tables import Refund
from app.domain.topups.tables import Topup

PRICES = "prices"
"""What prices are called among the fields that changed."""
MODELS_NAMED_MAX = 100
"""How many models a change names whose price it changed."""


def tell(session: Session, paywall_id: str, user: str, type_: str, source: str, data: Mapping[str, Any]) -> None:
    """Writes an event about a user; `source` names what happened, once within the type."""
    outbox.record(session, [make(paywall_id, type_, source, {**about(paywall_id, user), **data})])


def tell_authorized(session: Session, found: Authorization) -> None:
    """Tells that an authorization counts from now on."""
    tell(session, found.paywall_id, found.external_id, catalogue.AUTHORIZATION_COMPLETED, found.id,
         {"connectionId": found.id})  # fmt: skip


def tell_revoked(session: Session, ended: Authorization) -> None:
    """Tells that an authorization has ended, and by whom."""
    data = {"connectionId": ended.id, "revokedBy": ended.ended_by}
    tell(session, ended.paywall_id, ended.external_id, catalogue.AUTHORIZATION_REVOKED, ended.id, data)


def tell_deposit(
    session: Session, paywall_id: str, user: str, activity_id: str, amount_nanos: int, currency: str, source: str,
    details: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Tells that money was put into a wallet."""
    data = {"amount": format_decimal(amount_nanos), "currency": currency, "source": source, "activityId": activity_id,
            "metadata": details}  # fmt: skip
    tell(session, paywall_id, user, catalogue.DEPOSIT_CREATED, activity_id, data)


def tell_checkout(
    session: Session, paywall_id: str, user: str, checkout_id: str, amount_nanos: int, currency: str
) -> None:
    """Tells that a Stripe checkout was paid, and its money credited."""
    data = {"checkoutSessionId": checkout_id, "amount": format_decimal(amount_nanos), "currency": currency}
    tell(session, paywall_id, user, catalogue.CHECKOUT_COMPLETED, checkout_id, data)


def tell_refund(session: Session, topup: Topup, refund: Refund) -> None:
    """Tells the paywall whose link began a top-up that a part of its payment goes back, or all of it."""
    data = _reversal(topup, refund.paid_cents) | {"refundId": refund.id}
    _tell_of_topup(session, topup, catalogue.REFUND_CREATED, refund.id, data)


def tell_dispute(session: Session, topup: Topup, dispute: Dispute) -> None:
    """Tells the paywall whose link began a top-up that its payment is disputed."""
    data = _reversal(topup, dispute.amount_cents) | {"disputeId": dispute.id}
    _tell_of_topup(session, topup, catalogue.DISPUTE_CREATED, dispute.id, data)


def tell_dispute_closed(session: Session, topup: Topup, dispute: Dispute) -> None:
    """Tells the paywall whose link began a top-up how a dispute of its payment was decided."""
    data = _reversal(topup, dispute.amount_cents) | {"disputeId": dispute.id, "outcome": dispute.state.value}
    _tell_of_topup(session, topup, catalogue.DISPUTE_CLOSED, f"{dispute.id}:{dispute.state}", data)


def _reversal(topup: Topup, cents: int) -> dict[str, Any]:
    unit = parse(topup.account_id).unit
    return {"amount": format_decimal(min(nanos_of_cents(cents, unit), topup.credited_nanos)), "currency": unit.value}


def _tell_of_topup(session: Session, topup: Topup, type_: str, source: str, data: Mapping[str, Any]) -> None:
    if topup.paywall_id is not None and topup.external_id is not None:
        tell(session, topup.paywall_id, topup.external_id, type_, source, data)


def tell_auto_topup(session: Session, paywall_id: str, user: str, topup_id: str, cents: int) -> None:
    """Tells the app whose use made it that a wallet was filled by itself; no app is told what is in there."""
    data = {"amount": format_decimal(cents * CENT_NANOS), "currency": Unit.USD.value, "activityId": topup_id}
    tell(session, paywall_id, user, catalogue.AUTO_TOPUP_COMPLETED, topup_id, data)


def tell_trial(session: Session, paywall_id: str, user: str, wallet: Account, nanos: int) -> None:
    """Tells that a user was given money to try with when they authorized the app."""
    data = {"credits": nanos * CREDITS_PER_DOLLAR // NANOS, "amount": format_decimal(nanos),
            "currency": wallet.unit.value, "activityId": None}  # fmt: skip
    tell(session, paywall_id, user, catalogue.TRIAL_GRANTED, wallet.id, data)


def tell_declined(session: Session, paywall_id: str, user: str, token: str) -> None:
    """Tells that a user declined what a link asked for."""
    tell(session, paywall_id, user, catalogue.AUTHORIZATION_DECLINED, token, {"requestId": None, "reason": None})


def tell_new_user(session: Session, paywall_id: str, user: str) -> None:
    """Tells that a user got a wallet for the first time, or allowed the app to charge theirs."""
    tell(session, paywall_id, user, catalogue.USER_CREATED, user, {})


def tell_archived(session: Session, paywall_id: str) -> None:
    """Tells that a paywall was archived; it may be taken out and archived again."""
    outbox.record(session, [make(paywall_id, catalogue.ARCHIVED, new_id("archived"), {"reason": None})])


def tell_new_key(session: Session, paywall_id: str, key: KeyView, made_by: str | None) -> None:
    """Tells that a key was made, by its end: who keeps keys elsewhere takes it, and has an older one revoked."""
    data = {"secretLastFour": key.last_four, "keyId": key.id, "actorId": made_by,
            "actorType": "user" if made_by is not None else "system"}  # fmt: skip
    outbox.record(session, [make(paywall_id, catalogue.ROTATED, key.id, data)])


def publish_and_tell(edition: Edition, section: Section) -> int:
    """Publishes an edition, logs the change and tells of it; returns the number of the version that counts then.

    Nothing happens where nothing changed; the making of a paywall is logged, and told to nobody. Raises BadField.
    """
    version, before = publish(edition), edition.published
    if version == edition.paywall.version:
        return version
    changed = set() if before is None else _changes(before.to_json(), edition.configuration.to_json())
    names = sorted(changed | ({PRICES} if edition.priced else set()))
    what = {"changed": names, "models": sorted(edition.priced)[:MODELS_NAMED_MAX]}
    note_change(edition.session, edition.paywall.id, edition.made_by, section, version, what)
    if before is not None:
        data = {"changedFields": names, "summarySections": sorted({name.split(".")[0] for name in names}),
                "configVersion": version}  # fmt: skip
        outbox.record(edition.session, [make(edition.paywall.id, catalogue.UPDATED, f"version:{version}", data)])
    return version


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> set[str]:
    """Returns the names of what differs, without values: some are secrets."""
    found: set[str] = set()
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found |= _changes(old, new, f"{path}{name}.")
        elif old != new:
            found.add(f"{path}{name}")
    return found
