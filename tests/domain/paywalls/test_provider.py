"""A paywall has one to eight providers, and a key is sealed for one of them alone."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from app import db
from app.adapters.secret_box import SealBroken, SecretBox
from app.domain.errors import BadField
from app.domain.money import Environment
from app.domain.paywalls.configuration import Configuration
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.provider import (
    BUILT_IN,
    DEMO,
    AuthStyle,
    ProviderSetting,
    check_providers,
    without_password,
)
from tests.support.books import create_paywall

OWN = ProviderSetting("openai", "https://api.openai.com/v1", "v1.sealed", "max_tokens", AuthStyle.API_KEY,
                      (("x-title", "L"),))  # fmt: skip
OTHER = ProviderSetting("together", "https://api.together.example/v1")
BOX = SecretBox([b"secret"])


@pytest.mark.parametrize("written", [OWN, OTHER, replace(OWN, is_seal_old=True), ProviderSetting(DEMO)])
def test_what_is_stored_is_read_back(written: ProviderSetting) -> None:
    assert ProviderSetting.from_json(json.loads(json.dumps(asdict(written)))) == written


@pytest.mark.parametrize(
    "stored", [{"name": "x"}, {"name": "x", "base_url": "", "key_sealed": None, "limit_field": ""}]
)
def test_what_was_stored_before_there_was_more_to_say_is_read_too(stored: dict[str, Any]) -> None:
    assert ProviderSetting.from_json(stored) == ProviderSetting("x")


def test_a_key_opens_for_its_provider_and_paywall_alone() -> None:
    sealed = BOX.seal("sk-1", OWN.seal_context("pw_1"))
    assert BOX.open(sealed, replace(OWN, base_url="https://x.example", headers=()).seal_context("pw_1")) == "sk-1"
    others = [(OTHER, "pw_1"), (OWN, "pw_2"),
              (replace(OWN, name="openai2"), "pw_1"), (replace(OWN, name="Openai"), "pw_1"),
              (replace(OWN, is_seal_old=True), "pw_1"), (replace(OWN, name=""), "pw_1:openai")]  # fmt: skip
    for setting, paywall_id in others:
        with pytest.raises(SealBroken):
            BOX.open(sealed, setting.seal_context(paywall_id))


def test_a_key_from_when_there_was_one_provider_opens_where_it_was_read_alone() -> None:
    sealed = BOX.seal("sk-1", "provider_key:pw_1")
    assert BOX.open(sealed, replace(OWN, is_seal_old=True).seal_context("pw_1")) == "sk-1"
    for setting in (OWN, OTHER, replace(OWN, name="")):
        with pytest.raises(SealBroken):
            BOX.open(sealed, setting.seal_context("pw_1"))


@pytest.mark.parametrize(
    ("providers", "field"),
    [
        ((), "providers"),
        (tuple(replace(OTHER, name=f"p{number}") for number in range(9)), "providers"),
        ((OWN, OTHER, OWN), "providers[2].name"),
        ((OWN, replace(OTHER, name="OpenAI")), "providers[1].name"),
        ((OWN, replace(OTHER, name="")), "providers[1].name"),
        ((OWN, replace(OTHER, name="x" * 61)), "providers[1].name"),
        ((replace(OTHER, name="a:b"),), "providers[0].name"),
        ((replace(OTHER, name=" x"),), "providers[0].name"),
        ((replace(OTHER, name="x\n"),), "providers[0].name"),
        ((replace(OTHER, name="оpenai"),), "providers[0].name"),
        ((OWN, replace(OTHER, name="Built-In")), "providers[1].name"),
        ((OWN, replace(OTHER, name="DEMO")), "providers[1].name"),
        ((OWN, replace(OTHER, base_url="")), "providers[1].base_url"),
        ((OWN, OTHER, replace(OTHER, name="third", base_url="ftp://x")), "providers[2].base_url"),
        ((replace(OTHER, base_url="https://"),), "providers[0].base_url"),
        ((replace(OTHER, base_url="https://["),), "providers[0].base_url"),
        ((replace(OTHER, base_url="https://me:hush@api.example/v1"),), "providers[0].base_url"),
        ((OWN, replace(OTHER, base_url="http://hush@api.example")), "providers[1].base_url"),
        ((replace(OTHER, base_url="https://api.example\\@evil.example"),), "providers[0].base_url"),
    ],
)
def test_providers_that_cannot_be_are_refused_by_their_place(
    providers: tuple[ProviderSetting, ...], field: str
) -> None:
    with pytest.raises(BadField) as refused:
        check_providers(providers)
    assert refused.value.field == field


def test_one_to_eight_providers_may_be() -> None:
    check_providers((OWN,))
    check_providers((ProviderSetting(BUILT_IN), ProviderSetting(DEMO), OWN, OTHER,
                     *(replace(OTHER, name=f"My provider_{number}.x") for number in range(4))))  # fmt: skip


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:hush@api.example/v1?a=b", "https://-@api.example/v1?a=b"),
        ("http://h@api.example", "http://-@api.example"),
        ("https://a@b@api.example/@x", "https://-@api.example/@x"),
        ("https://hu\tsh@api.example", "https://-@api.example"),
        ("https://api.example/v1/@x", "https://api.example/v1/@x"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url, "-") == shown


@pytest.mark.plain_sql
@pytest.mark.parametrize(
    ("mode", "environment", "name", "is_allowed"),
    [
        (Mode.DEFAULT, Environment.LIVE, BUILT_IN, False),
        (Mode.DEFAULT, Environment.SANDBOX, BUILT_IN, False),
        (Mode.SHARED, Environment.SANDBOX, BUILT_IN, False),
        (Mode.SHARED, Environment.LIVE, BUILT_IN, True),
        (Mode.CREDITS, Environment.LIVE, BUILT_IN, True),
        (Mode.CREDITS, Environment.SANDBOX, BUILT_IN, False),
        (Mode.DEFAULT, Environment.SANDBOX, DEMO, True),
        (Mode.SHARED, Environment.SANDBOX, DEMO, True),
        (Mode.DEFAULT, Environment.LIVE, DEMO, False),
        (Mode.SHARED, Environment.LIVE, DEMO, False),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_provider_that_a_paywall_may_not_have_is_refused_in_every_place(
    database: str, mode: Mode, environment: Environment, name: str, is_allowed: bool, place: int
) -> None:
    providers = [OWN, OTHER]
    providers.insert(place, ProviderSetting(name))
    first = Configuration("Lexica", tuple(providers))
    with db.transaction() as session:
        if is_allowed:
            create_paywall(session, "pw_1", mode, environment, RULES[mode].unit, first)
            return
        with pytest.raises(BadField) as refused:
            create_paywall(session, "pw_1", mode, environment, RULES[mode].unit, first)
    assert refused.value.field == f"providers[{place}]"


@pytest.mark.parametrize(
    ("base_url", "is_reasoning", "field"),
    [
        ("https://api.openai.com/v1", False, "max_completion_tokens"),
        ("https://x.openai.azure.com/openai/v1", False, "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", False, "max_tokens"),
        ("https://openrouter.ai/api/v1", True, "max_completion_tokens"),
        ("https://api.openai.com.evil.example/v1", False, "max_tokens"),
    ],
)
def test_a_limit_goes_where_the_provider_reads_it(base_url: str, is_reasoning: bool, field: str) -> None:
    assert ProviderSetting("x", base_url).limit_field_of(is_reasoning) == field
    assert ProviderSetting("x", base_url, limit_field="own").limit_field_of(is_reasoning) == "own"
