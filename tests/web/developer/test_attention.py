"""What is wrong with a paywall is said, the worst first, and nothing where nothing is."""

from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.events import subscriptions
from app.domain.events.tables import EndedBy, WebhookSubscription
from app.domain.key_text import make_signing_secret
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.keys import add_key, new_key
from app.domain.paywalls.provider import ProviderSetting
from app.domain.pricing.price_book import NewPrice
from app.domain.providers import refusals
from app.domain.providers.refusals import Refusal
from app.web.developer.frame import attention, sections
from app.web.developer.frame.attention import read_attention
from tests.support import books
from tests.support.books import make_paywall


def subscribe(session: db.Session, paywall_id: str, **state: object) -> None:
    made = subscriptions.make_row(
        paywall_id, "https://app.example/hook", ["*"], id=subscriptions.new_subscription_id(), description=None,
        headers_sealed=None, header_names=[], secret_sealed=make_signing_secret(), secret_suffix="abcdef",
        created_by=None,
    )  # fmt: skip
    subscriptions.add(session, made)
    stored = session.get_one(WebhookSubscription, made.id)
    for name, value in state.items():
        setattr(stored, name, value)
    session.flush()


def said(session: db.Session, paywall_id: str) -> list[tuple[str, str]]:
    return [(row.tone, row.title) for row in read_attention(session, paywall_id)]


def test_a_paywall_that_works_needs_nothing(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": NewPrice("m", 1, 2)})
        add_key(session, paywall_id, new_key(Environment.SANDBOX))
        subscribe(session, paywall_id, consecutive_failures=2)
        assert said(session, paywall_id) == []


def test_what_is_wrong_stands_there_worst_first(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(
            session, {"m": NewPrice("m", 1, 2)}, (ProviderSetting("own", "https://a.example/v1"),)
        )
        key = add_key(session, paywall_id, new_key(Environment.SANDBOX))
        keys.revoke_key(session, paywall_id, key.id)
        subscribe(session, paywall_id, consecutive_failures=3)
        subscribe(session, paywall_id, is_active=0, ended_by=EndedBy.FAILURES)
        subscribe(session, paywall_id, is_active=0, ended_by=EndedBy.DEVELOPER)
        books.retire(session, paywall_id, "m")
        found = said(session, paywall_id)
        _, current = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(current, app_name="Renamed"))
        assert {row.paywall for row in read_attention(session, paywall_id)} == {"Renamed"}
    assert found[:2] == [("bad", "No model has a price"), ("bad", "A webhook was switched off")]
    assert set(found[2:]) == {("wait", "own has no key"), ("wait", "A webhook fails"), ("wait", "No key works")}


def test_a_provider_that_refuses_is_said_with_its_words_and_where_that_is_mended(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "linked", lambda: {sections.PROVIDER})
    with db.transaction() as session:
        paywall_id = make_paywall(session, {"m": NewPrice("m", 1, 2)}, (ProviderSetting("own", "https://a.example"),))
        add_key(session, paywall_id, new_key(Environment.SANDBOX))
        for name, status in (("own", 401), ("poor", 402), ("built-in", 403)):
            refusals.note(session, Refusal(paywall_id, name, status, f"Words of {name}.", clock.now(), clock.now()))
        found = {row.title: row for row in read_attention(session, paywall_id) if row.tone == "bad"}
    refuses = found.pop("own refuses the key")
    assert "401" in refuses.detail and "It says: Words of own." in refuses.detail
    assert refuses.url == f"/paywalls/{paywall_id}/provider/" and refuses.action
    assert found.pop("poor wants to be paid first").url
    operators = found.pop("built-in does not allow the requests")
    assert not operators.url and not operators.action and "operator" in operators.detail and not found
