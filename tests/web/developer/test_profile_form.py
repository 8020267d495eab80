"""The profile's form: what was typed becomes a profile, and what publishing it would change is said."""

import pytest

from app import db
from app.domain.errors import BadField
from app.domain.paywalls.configuration import Configuration, Disconnect, UserFrom
from app.domain.paywalls.provider import ProviderSetting
from app.web.developer.profile.rows import (
    ProfileForm,
    as_typed,
    differing,
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
    assert differing(CURRENT, to_profile(TYPED, CURRENT)) == []


def test_what_is_typed_is_said_and_kept() -> None:
    typed = {
        **TYPED,
        "app_name": "Renamed",
        "is_strict": "on",
        "return_origins": "https://a.example\n\n https://b.example ",
    }
    wanted = to_profile(typed, CURRENT)
    assert wanted.user_from is UserFrom.HEADER and wanted.disconnect is Disconnect.CANCEL
    assert [(row.name, row.gone, row.comes) for row in differing(CURRENT, wanted)] == [
        ("app name", "Lexica", "Renamed"),
        ("return origins", "", "https://a.example\nhttps://b.example"),
        ("is strict", "no", "yes"),
    ]
    shown = as_typed(ProfileForm(version=7, has_consent=True), wanted)
    assert (shown.version, shown.app_name, shown.has_consent) == (7, "Renamed", True)


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
