"""What the last step shows: where the app calls, with which snippet, and what has come since. No key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app import wiring
from app.db import Session
from app.domain import clock
from app.domain.drafts.drafts import Asked, Draft
from app.domain.money import format_for_people, parse_nanos
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.paywall import Paywall
from app.domain.pricing.price_book import Offer, read_offers
from app.domain.pricing.receipts import Receipt
from app.domain.topups.listing import PaidFilter, list_paid
from app.domain.topups.tables import Topup
from app.domain.usage.activity import Movement
from app.domain.usage.request_list import RequestFilter, list_receipts
from app.domain.wallets.wallets import app_wallet, read_balance
from app.web.components.activity_rows import MovementRow, to_row
from app.web.developer.wizard.snippets import Snippets, snippets_for
from app.wiring.process import DEFAULT_BASE

HELP_SECONDS = 120
"""After how long without any request help is offered."""
_ASKED_FOR = {
    "authorization_required": "has not let this app charge their wallet yet, so the answer holds the link to that.",
    "insufficient_funds": "has no funds yet, so the answer holds the top-up link.",
    "cap_reached": "has reached their cap, so the answer holds the link to raise it.",
}


@dataclass(frozen=True)
class ArrivalRow:
    """Something that came: when (UTC), what, and a sentence about it."""

    key: str = ""
    at: str = ""
    title: str = ""
    text: str = ""
    amount: str = ""
    tone: str = "ok"


@dataclass(frozen=True)
class FinishPage:
    """The last step. `receipts` has the charge that came first, once it came; `help` is said when nothing comes."""

    id: str = ""
    app_name: str = ""
    kind: str = ""
    base_url: str = ""
    snippets: Snippets = field(default_factory=Snippets)
    has_models: bool = True
    arrivals: list[ArrivalRow] = field(default_factory=list)
    receipts: list[MovementRow] = field(default_factory=list)
    balance: str = ""
    is_late: bool = False
    waits_seconds: int = 0


def read_finish(session: Session, draft: Draft) -> FinishPage:
    """Reads what a new paywall waits for, and what came."""
    paywall, configuration = read_current(session, draft.paywall_id)
    offers, wired = read_offers(session, paywall.id, paywall.unit).priced, wiring.get()
    base_url = f"{wired.settings.public_url or DEFAULT_BASE}/v1"
    charges = list_receipts(session, paywall.id, RequestFilter(is_charged=True), None, 1)
    failed = [] if charges else list_receipts(session, paywall.id, RequestFilter(status="released"), None, 1)
    paid = list_paid(session, paywall.id, PaidFilter(), None, 1)
    arrivals = [*_links(draft.asked), *_topups(paid, paywall), *_failures(failed), *_charges(charges, paywall)]
    waited = (clock.now() - (draft.made_at or clock.now())) // clock.SECOND
    user = charges[0].user if charges else ""
    return FinishPage(
        id=paywall.id,
        app_name=configuration.app_name,
        kind=f"{paywall.mode.value.capitalize()}, {paywall.environment.value}, {paywall.unit.value}",
        base_url=base_url,
        snippets=snippets_for(base_url, _cheapest(offers)),
        has_models=bool(offers),
        arrivals=arrivals,
        receipts=[_movement(charges[0], paywall)] if charges else [],
        balance=_balance(session, paywall, user) if user and paywall.rules.has_app_wallets else "",
        is_late=not arrivals and waited >= HELP_SECONDS,
        waits_seconds=0 if arrivals else max(HELP_SECONDS - waited, 0),
    )


def _cheapest(offers: Mapping[str, Offer]) -> str:
    """Returns the model that a first request asks for."""
    return min(offers, key=lambda model: (offers[model].price.output_nanos, model), default="")


def _links(asked: Asked | None) -> Sequence[ArrivalRow]:
    if asked is None:
        return ()
    text = f"{asked.user} {_ASKED_FOR.get(asked.reason, 'got a link.')} Not charged."
    return (ArrivalRow("link", _time(asked.at), "First request", text),)


def _topups(paid: Sequence[Topup], paywall: Paywall) -> Sequence[ArrivalRow]:
    return [
        ArrivalRow("topup", _time(one.finished_at or one.created_at),
                   f"Top-up of {format_for_people(one.credited_nanos, paywall.unit)}",
                   f"Paid by {one.external_id}, by that link.")
        for one in paid
    ]  # fmt: skip


def _failures(failed: Sequence[Receipt]) -> Sequence[ArrivalRow]:
    return [
        ArrivalRow("failed", receipt.created_at[11:19], "A request failed",
                   f"{receipt.provider or 'The provider'} gave no answer for {receipt.model}. Not charged. Look at the"
                   " provider’s key and address.", tone="bad")
        for receipt in failed
    ]  # fmt: skip


def _charges(charges: Sequence[Receipt], paywall: Paywall) -> Sequence[ArrivalRow]:
    return [
        ArrivalRow("charge", receipt.created_at[11:19], "Charge",
                   f"{receipt.user}: {receipt.model}{', streamed' if receipt.streamed else ''}.",
                   format_for_people(parse_nanos(receipt.charge), paywall.unit))
        for receipt in charges
    ]  # fmt: skip


def _movement(receipt: Receipt, paywall: Paywall) -> MovementRow:
    tokens = sum(line.tokens for line in receipt.lines if line.kind != "request")
    charged = Movement(receipt.id, receipt.id, "charge", -parse_nanos(receipt.charge), clock.now(), receipt.model,
                       tokens, receipt)  # fmt: skip
    return to_row(charged, paywall.unit)


def _balance(session: Session, paywall: Paywall, user: str) -> str:
    wallet = app_wallet(paywall.id, user, paywall.environment, paywall.unit)
    left = format_for_people(read_balance(session, wallet).available_nanos, paywall.unit)
    return f"{user} has {left} left"


def _time(at: int) -> str:
    return clock.to_iso(at)[11:19]
