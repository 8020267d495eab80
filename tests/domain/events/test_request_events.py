"""What a request's row tells of, from its beginning to its end, by the doors that write it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from app import db
from app.domain import rows
from app.domain.events.catalogue import EVENTS
from app.domain.events.made import Made
from app.domain.events.request_events import events_of
from app.domain.ledger.operations import Applied
from app.domain.money import NANOS, Environment, Unit
from app.domain.paywalls.configuration import Disconnect
from app.domain.pricing.quote import Price, Tokens
from app.domain.pricing.split import SplitTerms
from app.domain.usage import requests
from app.domain.usage.requests import CLIENT_GONE, Asked, Metered
from app.domain.usage.tables import RequestKind
from app.domain.wallets.wallets import app_wallet, end_user_id
from tests.support.posted import charged

PRICE = Price("prc_1", "m", 3, Unit.USD, NANOS, NANOS, 2 * NANOS, minimum_nanos=5)
WALLET = app_wallet("pw_1", "ada", Environment.SANDBOX, Unit.USD)
STARTED, DEFERRED = "paywall.proxy.request.started", "paywall.usage.charge.deferred"
CHARGED = "paywall.usage.charge.created"


def asked(*, streamed: bool = True, kind: RequestKind = RequestKind.CHAT, terms: SplitTerms | None = None) -> Asked:
    return Asked("req_1", "theirs", WALLET, kind, "m", "demo", streamed, Unit.USD, PRICE, terms=terms, is_told=True)


def told(*written: rows.Row) -> Sequence[Made]:
    """Writes rows as the queue does, and returns what the request's row tells of."""
    with db.transaction() as session:
        rows.write(session, written)
        row = session.execute(select(requests.TABLE)).mappings().one()
        return list(events_of(dict(row), EVENTS))


def types(events: Sequence[Made]) -> list[str]:
    return [event.type.removeprefix("paywall.") for event in events]


def test_a_running_request_tells_of_its_beginning(database: str) -> None:
    events = told(requests.begin(asked(), Applied(amount=100)))
    assert [event.type for event in events] == [STARTED, DEFERRED]
    assert events[0].data == {
        "paywallId": "pw_1", "ownerUserId": None, "walletUserId": end_user_id("pw_1", "ada"), "externalUserId": "ada",
        "requestId": "req_1", "model": "m", "clientRequestId": "theirs", "streamed": True,
    }  # fmt: skip
    assert events[1].data["deferredRequestId"] == "req_1"


def test_a_settled_request_tells_of_its_answer_and_charge_and_of_its_beginning_again(database: str) -> None:
    one = asked(streamed=False)
    first = told(requests.begin(one, Applied(amount=100_000)))
    metered = Metered(Tokens(10, 20, 4))
    events = told(requests.finish(one, metered, Applied(amount=50_000, released=50_000)))
    assert types(events) == ["proxy.request.started", "proxy.request.completed", "usage.charge.created"]
    assert events[0] == first[0]
    assert (events[1].data["status"], events[1].data["charge"], events[1].data["tokens"]) == ("settled", "0.00005", 30)
    charge = events[2].data
    assert (charge["promptTokens"], charge["completionTokens"], charge["cost"]) == (10, 20, "0.00005")
    assert (charge["activityId"], charge["currency"], charge["estimated"]) == ("req_1", "USD", False)


@pytest.mark.parametrize(
    ("failure", "type_", "error"),
    [
        ("provider_timeout", "proxy.request.failed", "provider_timeout"),
        (CLIENT_GONE, "proxy.request.canceled", None),
        (None, "proxy.request.failed", "not_charged"),
    ],
)
def test_a_request_that_was_not_charged_says_why(
    database: str, failure: str | None, type_: str, error: str | None
) -> None:
    told(requests.begin(asked(streamed=False), Applied(amount=9)))
    events = told(requests.let_go("req_1", failure, is_told=True))
    assert types(events) == ["proxy.request.started", type_]
    assert events[1].data.get("errorCode") == error and events[1].data["charge"] == "0"


@pytest.mark.parametrize(
    ("metered", "type_"),
    [
        (Metered(Tokens(1, 1), disconnect=Disconnect.CANCEL), "proxy.request.canceled"),
        (Metered(Tokens(1, 1), disconnect=Disconnect.DRAIN), "proxy.request.completed"),
        (Metered(Tokens(1, 1), failure="provider_error"), "proxy.request.failed"),
    ],
)
def test_a_charged_request_that_broke_off_says_so(database: str, metered: Metered, type_: str) -> None:
    one = asked(streamed=False)
    told(requests.begin(one, Applied(amount=9)))
    assert types(told(requests.finish(one, metered, Applied(amount=9)))) == [
        "proxy.request.started", type_, "usage.charge.created",
    ]  # fmt: skip


def test_what_is_finished_late_adds_its_charge_and_takes_nothing_back(database: str) -> None:
    one = asked(streamed=False, terms=SplitTerms(100, pays_provider=True))
    told(requests.begin(one, Applied(amount=100_000)))
    lost = told(requests.interrupt("req_1", None, charged(WALLET, 4_000), is_told=True))
    assert types(lost) == ["proxy.request.started", "proxy.request.failed", "usage.charge.created"]
    assert lost[1].data["errorCode"] == "interrupted"
    late = told(requests.finish(one, Metered(Tokens(10, 20)), charged(WALLET, 50_000, late=46_000)))
    assert {event.id for event in lost} < {event.id for event in late}
    assert [event.data["cost"] for event in late if event.type == CHARGED] == ["0.000004", "0.000046"]
    assert [event.data["cost"] for event in lost if event.type == CHARGED] == ["0.000004"]


def test_a_manual_charge_is_created_and_completed(database: str) -> None:
    one = asked(kind=RequestKind.MANUAL, streamed=False)
    events = told(requests.record_manual(one, charged(WALLET, NANOS), {"why": "a book"}))
    assert types(events) == ["balance.charge.created", "balance.charge.completed"]
    made: Any = events[0].data
    assert (made["amount"], made["processingFeeAmount"], made["metadata"]) == ("1", "0", {"why": "a book"})
    assert Decimal(made["amount"]) == 1 and events[1].data["settlementReference"] == "req_1"
