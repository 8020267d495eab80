"""A configuration is checked, kept and read back, and links lead back to its own origins only."""

import json
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import BadField, NotFound
from app.domain.paywalls.configuration import Configuration, Disconnect, ResponderSetting, UserFrom, check, read_current
from app.domain.paywalls.limits import Limits, PaywallLimits
from app.domain.paywalls.provider import AuthStyle, ProviderSetting

FIRST = Configuration("Lexica", (ProviderSetting("demo"),), "https://lexica.example/x", ("http://localhost:3000",),
                      {"topup": "Pay: {{ url }}"}, is_strict=True)  # fmt: skip


OWN = ProviderSetting("openai", "https://api.openai.com/v1", "v1.sealed", "max_tokens", AuthStyle.API_KEY,
                      (("x-title", "L"),))  # fmt: skip
LIMITED = PaywallLimits(user=Limits(requests_per_minute=5), paywall=Limits(spend_per_day_nanos=10**12))


@pytest.mark.parametrize(
    "written",
    [
        FIRST,
        replace(
            FIRST,
            providers=(OWN, ProviderSetting("demo")),
            disconnect=Disconnect.DRAIN,
            user_from=UserFrom.URL,
            markup_basis_points=5,
            limits=LIMITED,
        ),
        replace(FIRST, responder=ResponderSetting("https://lexica.example/messages", "v1.sealed")),
    ],
)
def test_what_is_stored_is_read_back(written: Configuration) -> None:
    read = Configuration.from_json(json.loads(json.dumps(written.to_json())))
    assert read == written
    assert read.disconnect is written.disconnect and read.user_from is written.user_from
    assert read.providers[0].auth is written.providers[0].auth


@pytest.mark.parametrize("key_sealed", [None, "v1.sealed"])
def test_what_was_stored_before_there_was_more_to_say_is_read_too(key_sealed: str | None) -> None:
    provider = {"name": "own", "base_url": "https://x", "key_sealed": key_sealed, "limit_field": "max_tokens"}
    old = {
        "app_name": "A",
        "provider": provider,
        "app_url": "",
        "return_origins": [],
        "messages": {},
        "is_strict": False,
    }
    read = Configuration.from_json(old)
    assert read.disconnect is Disconnect.CANCEL and read.user_from is UserFrom.ANY
    only = ProviderSetting("own", "https://x", key_sealed, "max_tokens", is_seal_old=key_sealed is not None)
    assert read.providers == (only,) and only.auth is AuthStyle.BEARER
    again = Configuration.from_json(json.loads(json.dumps(replace(read, app_name="B").to_json())))
    assert again.providers == (only,)


def test_a_model_names_its_provider_and_the_first_is_for_those_that_name_none() -> None:
    both = replace(FIRST, providers=(OWN, ProviderSetting("demo")))
    assert [both.find_provider(name) for name in (None, "openai", "demo", "other", "")] == [
        OWN, OWN, ProviderSetting("demo"), None, None,
    ]  # fmt: skip
    assert (both.as_stored("openai"), both.as_stored("demo")) == (None, "demo")
    for ask in (both.provider_of, both.as_stored):
        with pytest.raises(BadField) as refused:
            ask("other")
        assert refused.value.field == "provider"


def test_a_paywall_that_does_not_exist_is_not_found(database: str) -> None:
    with db.transaction() as session, pytest.raises(NotFound):
        read_current(session, "pw_none")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (replace(FIRST, app_name=""), "app_name"),
        (replace(FIRST, messages={"topup": "Pay."}), "messages.topup"),
        (replace(FIRST, app_name="x" * 61), "app_name"),
        (replace(FIRST, app_name="   "), "app_name"),
        (replace(FIRST, app_name="Lexica\u202e"), "app_name"),
        (replace(FIRST, app_name="Lexica\u2066"), "app_name"),
        (replace(FIRST, app_name="Lexica\nPay here"), "app_name"),
        (replace(FIRST, app_url="lexica.example"), "app_url"),
        (replace(FIRST, providers=(ProviderSetting("openai", "ftp://x"),)), "providers[0].base_url"),
        (replace(FIRST, providers=(ProviderSetting("openai"),)), "providers[0].base_url"),
        (replace(FIRST, providers=(OWN, ProviderSetting("other"))), "providers[1].base_url"),
        (replace(FIRST, providers=()), "providers"),
        (replace(FIRST, providers=(ProviderSetting("openai", "https://"),)), "providers[0].base_url"),
        (replace(FIRST, providers=(ProviderSetting("openai", "https://["),)), "providers[0].base_url"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_name(wrong: Configuration, field: str) -> None:
    with pytest.raises(BadField) as refused:
        check(wrong)
    assert refused.value.field == field


def test_names_in_any_script_may_be_and_one_that_was_there_before_the_rule_stays() -> None:
    old = replace(FIRST, app_name="Lexica\u202e")
    check(replace(old, app_text="Changed."), old)
    for name in ("متجر", "משתמש (beta)", "名前 ©", "Ærøskøbing & Søn’s"):
        check(replace(FIRST, app_name=name), old)


@pytest.mark.parametrize("url", ["https://lexica.example/", "https://lexica.example", "http://localhost:3000/a?b#c"])
def test_links_may_lead_back_to_the_paywalls_origins(url: str) -> None:
    assert FIRST.may_return_to(url)


@pytest.mark.parametrize(
    "url",
    ["http://lexica.example/", "https://lexica.example:444/", "https://lexica.example.evil.example/",
     "javascript:alert(1)",
     "https://lexica.example@evil.example/", "https://evil.example/?https://lexica.example", "//lexica.example/", "",
     "http://localhost/", "https://[::1", "https:///lexica.example", "HTTPS//lexica.example",
     "https://lexica.example.evil.com/", "https://evil.com/lexica.example", "https://lexica.examplevil.com",
     "https://ada@lexica.example/", "https://ada:pw@lexica.example/", "https://lexica.example:443@evil.com/",
     "ftp://lexica.example/", "data:text/html,lexica.example", "https://lexica.example./", "https:lexica.example",
     "https://evil.com\\@lexica.example/", "https://lexica.example\\.evil.com/", "https://lexica.example\\@evil.com",
     "https:/lexica.example/", "/", "lexica.example", "https://www.lexica.example/", "http://localhost:30001/",
     "https://localhost:3000/", "https://lexica.example%2eevil.com/"],
)  # fmt: skip
def test_links_lead_nowhere_else(url: str) -> None:
    assert not FIRST.may_return_to(url)


@pytest.mark.parametrize("app_url", ["https:", "https://", "https:///x", "http:///", "https://:443", "https://["])
def test_an_address_without_a_host_is_refused_and_leads_nowhere(app_url: str) -> None:
    """A browser reads https:///evil.com as https://evil.com, so no host is not the same host."""
    wrong = replace(FIRST, app_url=app_url, return_origins=())
    with pytest.raises(BadField) as refused:
        check(wrong)
    assert refused.value.field == "app_url"
    for url in ("https:///evil.com/", "http:///evil.com/", "https:evil.com", "https:/evil.com", "https://:443/"):
        assert not wrong.may_return_to(url)


def test_a_paywall_without_an_address_lets_links_lead_nowhere() -> None:
    assert not replace(FIRST, app_url="", return_origins=()).may_return_to("https://")
