"""The profile's form: what was typed becomes a profile, and what publishing it would change is said."""

import pytest

from app.domain.errors import BadField
from app.domain.paywalls.configuration import Configuration, Disconnect, UserFrom
from app.domain.paywalls.provider import ProviderSetting
from app.web.developer.profile.rows import ProfileForm, as_typed, differing, to_profile

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
