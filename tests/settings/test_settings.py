"""Settings: read once, checked, one clear line when wrong."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app import settings
from app.settings import OidcIssuer, SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://x"),
        ("public_url", "coinslot.example"),
        ("upstream_url", "ftp://x"),
        ("lease_seconds", 0),
        ("lease_seconds", "soon"),
        ("batch_operations_max", 0),
        ("redis_url", "http://x"),
        ("limits_without_redis", "ajar"),
        ("developers", "everyone"),
        ("developers", "ada@example.org, bob"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(data_dir: Path, name: str, value: object) -> None:
    with pytest.raises(SettingsError) as wrong:
        settings.configure(data=data_dir, **{name: value})
    assert str(wrong.value).startswith(f"COINSLOT_{name.upper()}: ")
    assert "\n" not in str(wrong.value)


def test_the_environment_is_read_and_what_is_chosen_stands_above_it(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COINSLOT_LEASE_SECONDS", "7")
    assert settings.configure(data=data_dir).lease_seconds == 7
    assert settings.configure(data=data_dir, lease_seconds=9).lease_seconds == 9
    assert settings.get().lease_seconds == 9


SECRETS = ("secret_key", "openrouter_key", "upstream_key", "metrics_token", "smtp_url", "database_url", "redis_url")


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_printed_by_the_settings(data_dir: Path, name: str) -> None:
    values = {"smtp_url": "smtp://u:hush@x", "database_url": "postgresql://u:hush@x/y", "redis_url": "redis://:hush@x"}
    chosen = settings.configure(data=data_dir, **{name: values.get(name, "hush")})
    assert "hush" not in f"{chosen} {chosen!r} {chosen.model_dump()} {chosen.model_dump_json()}"


def test_whatever_sounds_like_a_secret_is_one() -> None:
    fields = {**settings.Settings.model_fields, **OidcIssuer.model_fields}
    open_ones = [
        name
        for name, field in fields.items()
        if any(word in name for word in ("key", "token", "secret", "password")) and field.annotation is not SecretStr
    ]
    assert not open_ones


@pytest.mark.parametrize(
    "chosen",
    [
        {"smtp_url": "http://u:hush@x"},
        {"database_url": "mysql://u:hush@x"},
        {"redis_url": "http://:hush@x"},
        {"secret_key": "hush,,x"},
        {"secret_key": ["hush"]},
        {"metrics_token": {"hush": 1}},
        {"upstream_url": "ftp://u:hush@x"},
        {"oidc": [{"name": "a", "client_secret": "hush"}]},
        {"oidc": [{"name": "A b", "label": "x", "issuer": "http://x", "client_id": "x", "client_secret": "hush"}]},
        {"oidc": [{"name": "a", "client_secret": ["hush"]}]},
        {"oidc": "hush"},
    ],
)
def test_no_error_prints_a_secret(data_dir: Path, chosen: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as wrong:
        settings.configure(data=data_dir, **chosen)
    assert str(wrong.value).startswith("COINSLOT_") and "hush" not in str(wrong.value)
    assert wrong.value.__cause__ is None and wrong.value.__suppress_context__


def test_a_list_that_cannot_be_read_is_not_printed(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINSLOT_OIDC", '[{"client_secret": "hush"')
    with pytest.raises(SettingsError) as wrong:
        settings.configure(data=data_dir)
    assert "oidc" in str(wrong.value) and "hush" not in str(wrong.value)


def test_the_secret_is_made_once_and_several_can_be_given(data_dir: Path) -> None:
    first = settings.configure(data=data_dir).secrets
    assert settings.configure(data=data_dir).secrets == first
    assert settings.configure(data=data_dir, secret_key="new, old").secrets == (b"new", b"old")


def test_postgresql_is_written_either_way(data_dir: Path) -> None:
    for url in ("postgresql://x/y", "postgres://x/y"):
        assert settings.configure(data=data_dir, database_url=url).database == "postgresql+psycopg://x/y"
    assert settings.configure(data=data_dir).database == f"sqlite:///{data_dir / 'coinslot.db'}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"stripe_key": "sk_live_hush"}, {"stripe_key": "rk_test_hush"}, {"stripe_test_key": "rk_live_hush"},
        {"stripe_test_key": "sk_test_hush"}, {"stripe_api_base": "ftp://x"},
        {"stripe_key": "rk_live_hush", "stripe_api_base": "http://127.0.0.1:12111"},
    ],
)  # fmt: skip
def test_a_key_of_another_kind_or_a_live_one_told_to_anybody_but_stripe_stops_the_start(
    data_dir: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as stopped:
        settings.configure(data=data_dir, **wrong)
    assert str(stopped.value).startswith("COINSLOT_STRIPE_") and "hush" not in str(stopped.value)


def test_an_emulator_takes_test_keys_and_each_mode_has_its_own(data_dir: Path) -> None:
    chosen = settings.configure(data=data_dir, stripe_test_key="rk_test_hush", stripe_api_base="http://127.0.0.1:1/")
    assert chosen.stripe_api_base == "http://127.0.0.1:1"
    both = settings.configure(data=data_dir, stripe_test_key="rk_test_hush", stripe_key="rk_live_hush")
    assert "hush" not in f"{both} {both!r} {both.model_dump_json()}"


def test_developers_are_named_by_their_addresses(data_dir: Path) -> None:
    named = settings.configure(data=data_dir, developers="Ada@example.org, bob@example.org")
    assert named.developer_emails == {"ada@example.org", "bob@example.org"}
    assert settings.configure(data=data_dir).developers == "operators"
    assert not settings.configure(data=data_dir, developers="anyone").developer_emails


def test_what_an_operator_chose_stands_above_the_environment_until_it_is_read_again(data_dir: Path) -> None:
    settings.configure(data=data_dir)
    settings.choose({"fee_basis_points": 250})
    assert (settings.get().fee_basis_points, settings.get_said().fee_basis_points) == (250, 100)
    settings.choose({"trial_credits": 5})
    assert (settings.get().fee_basis_points, settings.get().trial_credits) == (100, 5)
    assert settings.configure(data=data_dir).trial_credits == 20


def test_credits_are_offered_unless_the_operator_turns_them_off(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.configure(data=data_dir).credits
    monkeypatch.setenv("COINSLOT_CREDITS", "false")
    assert not settings.configure(data=data_dir).credits
