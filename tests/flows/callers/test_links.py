"""Links are signed, for one purpose and a time."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import settings
from app.domain import clock
from app.domain.errors import BadField, LinkInvalid
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.provider import ProviderSetting
from app.flows.callers.links import TOPUP_SECONDS, Links
from app.flows.callers.snapshot import Snapshot
from tests.support import handed
from tests.support.handed import mint_topup, open_topup


def test_a_link_says_what_it_was_minted_for(data_dir: Path) -> None:
    link = open_topup(mint_topup("pw_1", "ada", return_url="https://x/", state="s", amount_nanos=5))
    assert (link.paywall_id, link.user, link.return_url, link.state, link.amount_nanos) == (
        "pw_1",
        "ada",
        "https://x/",
        "s",
        5,
    )
    assert 0 < link.expires_at - clock.now() <= TOPUP_SECONDS * clock.SECOND
    assert Links((b"secret",), "https://me").topup_page("token") == "https://me/topup/token/"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_link_with_one_other_letter_is_none(data_dir: Path, data: st.DataObject) -> None:
    token = mint_topup("pw_1", "ada")
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("abcXYZ019-_.=ä"))
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkInvalid) as refused:
            open_topup(changed)
        assert refused.value.code == "link_invalid"


def test_no_single_character_of_a_link_can_be_changed_dropped_or_doubled(data_dir: Path) -> None:
    token = mint_topup("pw_1", "ada", return_url="https://x/", state="s", amount_nanos=5)
    for place, letter in enumerate(token):
        other = "A" if letter != "A" else "B"
        for middle in (other, "", letter * 2, letter.swapcase() if letter.isalpha() else other):
            with pytest.raises(LinkInvalid):
                open_topup(token[:place] + middle + token[place + 1 :])


def test_the_signature_of_one_link_does_not_open_another(data_dir: Path) -> None:
    ada, bob = mint_topup("pw_1", "ada"), mint_topup("pw_1", "bob")
    with pytest.raises(LinkInvalid):
        open_topup(f"{ada.partition('.')[0]}.{bob.partition('.')[2]}")


def test_a_link_is_good_until_its_last_microsecond(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mint_topup("pw_1", "ada")
    end = open_topup(token).expires_at
    monkeypatch.setattr(clock, "now", lambda: end)
    assert open_topup(token).user == "ada"
    monkeypatch.setattr(clock, "now", lambda: end + 1)
    with pytest.raises(LinkInvalid, match="expired"):
        open_topup(token)


@pytest.mark.parametrize("user", ["ada@example.com", "a.b.c", "~!#$%", "x" * 128])
def test_any_users_name_passes_through_a_link_that_fits_a_url(data_dir: Path, user: str) -> None:
    token = mint_topup("pw_1", user, state="Zürich 🪙")
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)
    assert (open_topup(token).user, open_topup(token).state) == (user, "Zürich 🪙")


@pytest.mark.parametrize("token", ["", ".", "a.b", "..", "\x00", "ü.ü", "W10.", "x" * 5_000])
def test_other_text_is_no_link(data_dir: Path, token: str) -> None:
    with pytest.raises(LinkInvalid):
        open_topup(token)


def test_an_expired_link_says_so(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = mint_topup("pw_1", "ada")
    later = clock.now() + (TOPUP_SECONDS + 1) * clock.SECOND
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(LinkInvalid, match="expired") as refused:
        open_topup(token)
    assert refused.value.code == "link_expired"


def test_a_link_for_something_else_is_refused(data_dir: Path) -> None:
    token = handed.links()._mint("authorize", ["pw_1", "ada", None, None, None, clock.now() + 10**9])
    with pytest.raises(LinkInvalid, match="something else"):
        open_topup(token)


def test_a_new_secret_signs_and_the_old_one_still_opens(data_dir: Path) -> None:
    settings.configure(data=data_dir, secret_key="old")
    token = mint_topup("pw_1", "ada")
    settings.configure(data=data_dir, secret_key="new,old")
    assert open_topup(token).user == "ada" and open_topup(mint_topup("pw_1", "bob")).user == "bob"
    settings.configure(data=data_dir, secret_key="new")
    with pytest.raises(LinkInvalid):
        open_topup(token)


PAYWALL = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD, 1,
    Configuration("Lexica", (ProviderSetting("demo"),), "https://lexica.example/home", ("https://other.example:8443",)),
    {}, frozenset(), (),
)  # fmt: skip


def way_back_of(url: str) -> str | None:
    return open_topup(url.split("/topup/")[1].strip("/")).return_url


def test_a_link_leads_back_where_the_app_asked_or_to_its_own_address(data_dir: Path) -> None:
    assert way_back_of(handed.links().topup_url(PAYWALL, "ada", None, None)) == "https://lexica.example/home"
    for url in ("https://lexica.example/chat?x=1", "https://other.example:8443/"):
        assert way_back_of(handed.links().topup_url(PAYWALL, "ada", url, "s")) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/", "http://lexica.example/", "https://lexica.example@evil.example/",
        "https:lexica.example",
        "https://lexica.example.evil.example/", "//lexica.example", "javascript:alert(1)", "", "https://[", "data:,x",
    ],
)  # fmt: skip
def test_a_link_never_leads_to_another_origin(data_dir: Path, url: str) -> None:
    with pytest.raises(BadField) as refused:
        handed.links().topup_url(PAYWALL, "ada", url, None)
    assert refused.value.field == "return_url"


def test_a_state_that_is_too_long_is_refused(data_dir: Path) -> None:
    with pytest.raises(BadField, match="state"):
        handed.links().topup_url(PAYWALL, "ada", None, "x" * 1_025)
