"""The profile's form: what was typed becomes a profile, and what publishing it would change is said."""

from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.paywalls.configuration import Configuration, Disconnect, UserFrom
from app.domain.paywalls.provider import ProviderSetting
from app.web.developer.profile.rows import (
    ProfileForm,
    as_typed,
    differing,
    in_words,
    merged,
    profile_of,
    read_playground_view,
    to_opening,
    to_profile,
)
from tests.support.books import make_paywall
from tests.support.managing import OPERATOR, manager, owner_of, person
from tests.support.playing import open_playground

CURRENT = Configuration("Lexica", (ProviderSetting("demo"),), "https://lexica.example", user_from=UserFrom.HEADER)
TYPED = {"app_name": " Lexica ", "app_url": "https://lexica.example", "disconnect": "cancel", "return_origins": ""}


def test_nothing_typed_anew_changes_nothing() -> None:
    assert differing(profile_of(CURRENT), to_profile(TYPED, CURRENT)) == []


def test_what_is_typed_is_said_and_kept() -> None:
    typed = {
        **TYPED,
        "app_name": "Renamed",
        "is_strict": "on",
        "return_origins": "https://a.example\n\n https://b.example ",
    }
    wanted = to_profile(typed, CURRENT)
    assert wanted.user_from is UserFrom.HEADER and wanted.disconnect is Disconnect.CANCEL
    assert [(row.name, row.gone, row.comes) for row in differing(profile_of(CURRENT), wanted)] == [
        ("App's name", "Lexica", "Renamed"),
        ("Where links may lead back to", "", "https://a.example\nhttps://b.example"),
        ("Answer with HTTP errors where a link would be said", "no", "yes"),
    ]
    shown = as_typed(ProfileForm(version=7, has_consent=True), wanted)
    assert (shown.version, shown.app_name, shown.has_consent) == (7, "Renamed", True)


def test_two_who_change_different_things_keep_both() -> None:
    read = profile_of(CURRENT)
    theirs = replace(read, app_url="https://theirs.example", app_text="Theirs")
    mine = replace(read, app_name="Mine", app_text="Mine too")
    assert merged(read, mine, theirs) == replace(theirs, app_name="Mine", app_text="Mine too")
    assert merged(read, read, theirs) == theirs


@pytest.mark.parametrize(
    ("name", "value"),
    [("app_name", ""), ("app_name", "N" * 61), ("app_url", "javascript:alert(1)"), ("app_text", "two\nlines"),
     ("return_origins", "https://app.example/path"), ("return_origins", "nowhere")],
)  # fmt: skip
def test_what_cannot_be_is_said_by_the_fields_own_title_before_anything_is_published(name: str, value: str) -> None:
    with pytest.raises(BadField) as refused:
        to_profile({**TYPED, name: value}, CURRENT)
    assert refused.value.field == name
    assert name not in in_words(refused.value)


@pytest.mark.parametrize("chosen", ["", "explode", None])
def test_a_choice_that_is_none_is_refused(chosen: object) -> None:
    with pytest.raises(BadField):
        to_profile({**TYPED, "disconnect": chosen}, CURRENT)


def test_a_playgrounds_bound_is_a_whole_number() -> None:
    assert to_opening({"requests_per_hour": " 20 "}, is_open=True).requests_per_hour == 20
    for typed in ("", "-1", "1.5", "many", "²", "9" * 40, None):
        with pytest.raises(BadField):
            to_opening({"requests_per_hour": typed}, is_open=True)


@pytest.mark.usefixtures("migrated_sqlite_url")
def test_a_playgrounds_address_is_shown_to_its_owner_alone() -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    owner = owner_of(paywall_id)
    slug = open_playground(paywall_id)
    operator = manager(paywall_id, person(OPERATOR))
    with db.transaction(writes=False) as session:
        own, theirs = (read_playground_view(session, who, "https://x") for who in (owner, operator))
    assert (own.url, own.is_open, own.requests_per_hour) == (f"https://x/playground/{slug}/", True, 200)
    assert (theirs.url, theirs.is_open) == ("", True) and slug not in str(theirs)
