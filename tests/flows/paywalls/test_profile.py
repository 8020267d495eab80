"""The profile is replaced whole, and only by what can be published."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.icons.icons import icon_path
from app.domain.paywalls.changes import Section, read_changes
from app.domain.paywalls.configuration import Disconnect, UserFrom, read_current
from app.domain.playground.playground import read_playground
from app.flows.paywalls.change import change
from app.flows.paywalls.profile import ORIGINS_MAX, Opening, Profile, icon, playground, profile
from tests.support.books import make_paywall
from tests.support.managing import owner_of
from tests.support.pictures import icon as picture

pytestmark = pytest.mark.plain_sql

NEW = Profile("Lexica 2", "https://two.example/app", ("https://two.example", "http://localhost:3000"), "Words.", True,
              True, Disconnect.DRAIN, UserFrom.HEADER)  # fmt: skip


async def test_the_profile_is_replaced_and_nothing_else(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        _, before = read_current(session, paywall_id)
    assert (await change(owner_of(paywall_id), profile(), NEW, 1)).version == 2
    with db.transaction(writes=False) as session:
        _, after = read_current(session, paywall_id)
        (logged,) = read_changes(session, paywall_id, 9)
    assert after == replace(
        before, app_name="Lexica 2", app_url="https://two.example/app", return_origins=NEW.return_origins,
        app_text="Words.", needs_confirmation=True, is_strict=True, disconnect=Disconnect.DRAIN,
        user_from=UserFrom.HEADER,
    )  # fmt: skip
    assert logged.section is Section.PROFILE and set(logged.what["changed"]) == {
        "app_name", "app_url", "return_origins", "app_text", "needs_confirmation", "is_strict", "disconnect",
        "user_from",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(NEW, app_name=""), "app_name"),
        (replace(NEW, app_name="x" * 61), "app_name"),
        (replace(NEW, app_url="javascript:alert(1)"), "app_url"),
        (replace(NEW, app_text="two\nlines"), "app_text"),
        (replace(NEW, return_origins=("https://two.example/path",)), "return_origins"),
        (replace(NEW, return_origins=("https:///evil.example",)), "return_origins"),
        (replace(NEW, return_origins=("two.example",)), "return_origins"),
        (replace(NEW, return_origins=("",)), "return_origins"),
        (replace(NEW, return_origins=("https://a.example",) * (ORIGINS_MAX + 1)), "return_origins"),
        (replace(NEW, disconnect="never"), "disconnect"),  # type: ignore[arg-type]
        (replace(NEW, user_from="cookie"), "user_from"),  # type: ignore[arg-type]
    ],
)
async def test_what_cannot_be_published_is_refused_by_name(database: str, wrong: Profile, field: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    with pytest.raises(BadField) as refused:
        await change(owner_of(paywall_id), profile(), wrong, 1)
    assert refused.value.field == field
    with db.transaction(writes=False) as session:
        assert read_current(session, paywall_id)[0].version == 1 and read_changes(session, paywall_id, 9) == []


async def test_an_icon_is_given_and_taken_away_and_noted_without_a_version(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    ada = owner_of(paywall_id)
    given = await change(ada, icon(), picture())
    taken = await change(ada, icon(), None)
    assert given.outcome and taken.outcome is None and given.version == taken.version == 1
    with db.transaction(writes=False) as session:
        noted = [one.what for one in read_changes(session, paywall_id, 9)]
        assert noted == [{"icon": None}, {"icon": given.outcome}] and icon_path(session, paywall_id) == ""
    with pytest.raises(BadField):
        await change(ada, icon(), b"<svg/>")


async def test_a_playground_is_opened_and_closed_and_noted_without_its_address(database: str) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    ada = owner_of(paywall_id)
    seen = []
    for wanted in (Opening(True, 20), Opening(True, 20), Opening(False, 20)):
        done = await change(ada, playground(), wanted)
        with db.transaction(writes=False) as session:
            seen.append((done.outcome, done.version, read_playground(session, paywall_id).slug is not None))
    assert seen == [(True, 1, True), (False, 1, True), (True, 1, False)]
    with pytest.raises(BadField, match="requests_per_hour"):
        await change(ada, playground(), Opening(True, 0))
    with db.transaction(writes=False) as session:
        noted = [(one.section, one.what) for one in read_changes(session, paywall_id, 9)]
    assert noted == [
        (Section.PLAYGROUND, {"open": False, "requests_per_hour": 20}),
        (Section.PLAYGROUND, {"open": True, "requests_per_hour": 20}),
    ]
