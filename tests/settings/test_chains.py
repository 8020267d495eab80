"""Chains in the environment: shown to nobody, and refused where a key is missing, twice there, or a chain twice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import settings
from app.settings import SettingsError

KEY = "ab" * 32
CHAIN: dict[str, Any] = {
    "name": "polygon", "rpc_urls": ["https://one.example/secret-one", "https://two.other/secret-two"],
    "treasury_key": KEY, "gas_key": "cd" * 32,
}  # fmt: skip


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    """Leaves no chain to the tests behind: set up before the environment is changed, it ends when that is over."""
    yield
    settings.configure()


def read(monkeypatch: pytest.MonkeyPatch, *chains: dict[str, Any]) -> settings.Settings:
    monkeypatch.setenv("COINSLOT_CHAINS", json.dumps(chains))
    return settings.configure()


def test_there_is_no_chain_unless_one_is_named() -> None:
    assert settings.configure().chains == ()


def test_a_chain_is_read_and_its_secrets_are_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    (chain,) = (found := read(monkeypatch, CHAIN)).chains
    assert chain.treasury_key.get_secret_value() == KEY
    assert [url.get_secret_value() for url in chain.rpc_urls] == CHAIN["rpc_urls"]
    for shown in (repr(found), str(chain), chain.model_dump_json()):
        assert KEY not in shown
        assert "secret-one" not in shown


@pytest.mark.parametrize(
    ("chains", "says"),
    [
        ([{**CHAIN, "treasury_key": ""}], "needs a treasury and a gas key"),
        ([{**CHAIN, "gas_key_file": "/run/gas.json"}], "needs a treasury and a gas key"),
        ([{**CHAIN, "rpc_urls": ["wss://one.example/secret-one"]}], "must each begin with"),
        ([{**CHAIN, "rpc_urls": []}], "at least 1"),
        ([CHAIN, CHAIN], "names a chain twice"),
        ([{**CHAIN, "colour": "red"}], "Extra inputs"),
        ([{**CHAIN, "name": "../up"}], "match pattern"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, chains: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(SettingsError, match=says) as raised:
        read(monkeypatch, *chains)
    assert "COINSLOT_CHAINS" in str(raised.value)
    assert KEY not in str(raised.value)
    assert "secret-one" not in str(raised.value)
