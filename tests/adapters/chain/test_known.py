"""Chains as they are configured: those that are shipped, and another one by its values alone."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from app.adapters.chain import abi
from app.adapters.chain.known import AMOY, GWEI, KNOWN, MULTICALL, POLYGON, rules_of
from app.ports.chain.values import ChainMismatch, ChainRules
from app.settings.chains import ChainSetting

URLS = ("https://one.example/key-one", "https://two.other/key-two")
BASE: dict[str, Any] = {
    "name": "Base", "id": 8453, "token": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "token_name": "USD Coin",
    "token_version": "2", "is_test": False, "explorer_url": "https://basescan.org", "finality_blocks": 20,
}  # fmt: skip


def setting(**said: Any) -> ChainSetting:
    keys = {"treasury_key": SecretStr("11" * 32), "gas_key": SecretStr("22" * 32)}
    return ChainSetting(rpc_urls=tuple(map(SecretStr, URLS)), **keys, **said)


@pytest.mark.parametrize("rules", KNOWN.values(), ids=KNOWN)
def test_shipped_addresses_have_their_checksum(rules: ChainRules) -> None:
    for address in (rules.token, rules.bridged_token, rules.multicall):
        assert not address or abi.checksummed(address) == address


def test_a_shipped_chain_needs_its_nodes_alone() -> None:
    assert rules_of(setting(name="polygon")) == replace(POLYGON, rpc_urls=URLS)
    assert rules_of(setting(name="amoy")) == replace(AMOY, rpc_urls=URLS)
    assert rules_of(setting(name="polygon", fee_wei_max=9 * GWEI, first_block=70)) == replace(
        POLYGON, rpc_urls=URLS, fee_wei_max=9 * GWEI, first_block=70
    )
    assert "key-one" not in repr(rules_of(setting(name="polygon")))


def test_another_chain_is_its_values_alone() -> None:
    found = rules_of(setting(**BASE))
    assert (found.id, found.name, found.finality_blocks, found.nodes_min) == (8453, "Base", 20, 2)
    assert (found.multicall, found.token) == (MULTICALL, BASE["token"])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "Base", "id": 8453}, "needs token, token_name, token_version, is_test"),
        ({**BASE, "token": "0x833589fcd6edb6e08f4c7c32d4f71b54bda0291"}, "token of Base"),
        ({**BASE, "token": BASE["token"].replace("f", "F")}, "checksum is wrong"),
    ],
)
def test_a_chain_that_says_too_little_or_a_wrong_address_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ChainMismatch, match=says):
        rules_of(setting(**wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "amoy", "is_test": False}, {"name": "polygon", "is_test": True}, {"name": "polygon", "id": 80_002},
        {"name": "dev", "is_test": False}, {**BASE, "name": "Base Sepolia", "id": 84_532, "is_test": True},
    ],
)  # fmt: skip
def test_no_setting_lets_play_money_fill_a_live_wallet(wrong: dict[str, Any]) -> None:
    """Whoever has Amoy's free dollars would have real ones; and the books take no payout by another test chain."""
    with pytest.raises(ChainMismatch, match="31337 and 80002 alone are test chains"):
        rules_of(setting(**wrong))
