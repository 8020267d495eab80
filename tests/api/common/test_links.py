"""Links in answers."""

from pathlib import Path

import pytest

from app import db
from app.api.common.links import make_topup_url
from app.domain.errors import BadField
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import Configuration, ProviderSetting
from app.domain.paywalls.modes import Mode
from app.flows.callers.snapshot import Snapshot
from tests.support.handed import open_topup

PAYWALL = Snapshot(
    "pw_1", "key_1", Mode.DEFAULT, Environment.SANDBOX, Unit.USD,
    Configuration("Lexica", ProviderSetting("demo"), "https://lexica.example/home", ("https://other.example:8443",)),
    {}, frozenset(), (),
)  # fmt: skip


def link(url: str) -> str | None:
    return open_topup(url.split("/topup/")[1].strip("/")).return_url


def test_a_link_leads_back_where_the_app_asked_or_to_its_own_address(data_dir: Path) -> None:
    assert link(make_topup_url(PAYWALL, "ada", None, None)) == "https://lexica.example/home"
    for url in ("https://lexica.example/chat?x=1", "https://other.example:8443/"):
        assert link(make_topup_url(PAYWALL, "ada", url, "s")) == url
    db.dispose()


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
        make_topup_url(PAYWALL, "ada", url, None)
    assert refused.value.field == "return_url"


def test_a_state_that_is_too_long_is_refused(data_dir: Path) -> None:
    with pytest.raises(BadField, match="state"):
        make_topup_url(PAYWALL, "ada", None, "x" * 1_025)
