"""Settings: read once, checked, one clear line when wrong."""

from pathlib import Path

import pytest

from app import settings
from app.settings import SettingsError


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


def test_the_secret_is_made_once_and_several_can_be_given(data_dir: Path) -> None:
    first = settings.configure(data=data_dir).secrets
    assert settings.configure(data=data_dir).secrets == first
    assert settings.configure(data=data_dir, secret_key="new, old").secrets == (b"new", b"old")


def test_postgresql_is_written_either_way(data_dir: Path) -> None:
    for url in ("postgresql://x/y", "postgres://x/y"):
        assert settings.configure(data=data_dir, database_url=url).database == "postgresql+psycopg://x/y"
    assert settings.configure(data=data_dir).database == f"sqlite:///{data_dir / 'coinslot.db'}"
