"""What differs between two versions is said name by name, as far as whoever asks may know it."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.money import NANOS
from app.domain.paywalls.configuration import ResponderSetting, read_current
from app.domain.paywalls.limits import PaywallLimits
from app.domain.paywalls.members import Manager
from app.domain.pricing.comparing import Difference, compare
from app.domain.pricing.price_book import NewPrice
from tests.support import books
from tests.support.managing import OPERATOR, manager, owner_of, person


def differences(who: Manager, before: int, after: int) -> list[Difference]:
    with db.transaction(writes=False) as session:
        return compare(session, who, before, after)


@pytest.mark.unhurried
def test_names_prices_and_models_that_come_and_go_are_said(database: str) -> None:
    with db.transaction() as session:
        paywall_id = books.make_paywall(
            session, {"gone": NewPrice("gone", NANOS, NANOS), "kept": NewPrice("kept", 1, 2)}
        )
        before, current = read_current(session, paywall_id)
        with books.editing(session, paywall_id) as edition:
            edition.configuration = replace(
                current, app_name="Renamed", is_strict=True, return_origins=("https://a.example",)
            )
        books.set_price(session, paywall_id, NewPrice("kept", 1, 3, markup_basis_points=500))
        books.retire(session, paywall_id, "gone")
        after, _ = read_current(session, paywall_id)
    ada = owner_of(paywall_id)
    found = {one.name: (one.before, one.after) for one in differences(ada, before.version, after.version)}
    assert found["app_name"] == ("Lexica", "Renamed") and found["is_strict"] == ("no", "yes")
    assert ("https://a.example" in (found["return_origins.1"][1] or "")) and found["gone"][1] is None
    assert found["kept"] == (
        "output 0.000000002, markup basis points –", "output 0.000000003, markup basis points 500",
    )  # fmt: skip
    assert differences(ada, after.version, after.version) == []
    with pytest.raises(NotFound):
        differences(ada, 1, after.version + 1)


def test_secrets_and_the_words_of_messages_are_not_said_to_whoever_may_not_know_them(database: str) -> None:
    with db.transaction() as session:
        paywall_id = books.make_paywall(session, {})
        first, current = read_current(session, paywall_id)
        books.publish(session, paywall_id, replace(
            current, messages={"topup": "Pay here: {{ url }}"}, limits=PaywallLimits(),
            responder=ResponderSetting("https://a.example/say", "sealed-secret"),
        ))  # fmt: skip
    ada = owner_of(paywall_id)
    mine = differences(ada, first.version, first.version + 1)
    theirs = differences(manager(paywall_id, person(OPERATOR)), first.version, first.version + 1)
    assert "sealed-secret" not in repr(mine + theirs)
    assert "Pay here" in repr(mine) and "Pay here" not in repr(theirs)
    assert {one.section for one in theirs} == {"messages", "responder"}
