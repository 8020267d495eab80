"""Links are signed, for one purpose and a time."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app import settings
from app.domain import clock
from app.domain.errors import LinkInvalid
from app.flows import links
from app.flows.links import TOPUP_SECONDS, mint_topup, open_topup, topup_url


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
    assert topup_url("https://me", "token") == "https://me/topup/token/"


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
    token = links._mint("authorize", ["pw_1", "ada", None, None, None, clock.now() + 10**9])
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
