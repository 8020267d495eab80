"""The chains of a process: each with two keys, asked as it is configured, and never of the other environment."""

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from pydantic import SecretStr

from app.adapters.chain.chains import ConfiguredChains
from app.adapters.chain.contracts.forwarders import factory_of
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, TREASURY
from app.domain.errors import Unavailable
from app.domain.money import Environment
from app.ports.chain.values import ChainMismatch
from app.settings.chains import ChainSetting
from tests.support.settling import GAS_KEY, TREASURY_KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ONE, TWO = "11" * 32, "22" * 32
URLS = (SecretStr("https://one.example/a-secret"), SecretStr("https://two.other/a-secret"))


def setting(name: str = "polygon", **said: Any) -> ChainSetting:
    keys = {"treasury_key": SecretStr(ONE), "gas_key": SecretStr(TWO), "rpc_urls": URLS}
    return ChainSetting(**{"name": name, **keys, **said})


def dev_setting(dev: DevChain, **said: Any) -> ChainSetting:
    keys = {"treasury_key": SecretStr(KEYS[TREASURY]), "gas_key": SecretStr(KEYS[GAS])}
    return ChainSetting(**{"name": "dev", "rpc_urls": (SecretStr(dev.node.url),), "token": dev.token, **keys, **said})


@asynccontextmanager
async def closing(*settings: ChainSetting) -> "AsyncIterator[ConfiguredChains]":
    chains = ConfiguredChains(settings)
    try:
        yield chains
    finally:
        await chains.close()


async def test_a_configured_chain_is_asked_and_has_its_keys(dev_chain: DevChain) -> None:
    async with closing(dev_setting(dev_chain)) as chains:
        await chains.check()
        (chain,) = chains.all()
        assert (await chain.head()).number > 0
        assert chain.rules.factory == factory_of(TREASURY_KEY.address)
        assert chains.reach(31_337) is chain
        assert (chains.keys(31_337).treasury.address, chains.keys(31_337).gas.address) == (
            TREASURY_KEY.address, GAS_KEY.address
        )  # fmt: skip
        with pytest.raises(Unavailable, match="Chain 137 is not set up here"):
            chains.reach(137)
        with pytest.raises(Unavailable, match="Chain 137 is not set up here"):
            chains.keys(137)


async def test_base_is_added_by_configuration_alone(dev_chain: DevChain) -> None:
    """A chain that the code has never heard of, on a node that says that it is that one."""
    rules = {"id": 31_337, "token_name": "USD Coin", "token_version": "2", "is_test": True, "nodes_min": 1}
    async with closing(dev_setting(dev_chain, name="Base", finality_blocks=3, **rules)) as chains:
        await chains.check()
        (chain,) = chains.of(Environment.SANDBOX)
        assert (chain.rules.name, chain.rules.id) == ("Base", 31_337)
        dev_chain.node.mine(5)
        assert (await chain.finalized()).number == (await chain.head()).number - 3


async def test_money_of_the_sandbox_never_meets_a_live_chain(dev_chain: DevChain) -> None:
    async with closing(setting(), setting("amoy"), dev_setting(dev_chain)) as chains:
        assert [chain.rules.id for chain in chains.of(Environment.LIVE)] == [137]
        assert [chain.rules.id for chain in chains.of(Environment.SANDBOX)] == [31_337, 80_002]
        assert [chain.rules.id for chain in chains.all()] == [137, 31_337, 80_002]


async def test_a_start_on_another_chain_is_refused_and_on_a_silent_one_is_not(dev_chain: DevChain) -> None:
    async with closing(dev_setting(dev_chain, token_name="US Dollar")) as chains:
        with pytest.raises(ChainMismatch, match="is no 'US Dollar'"):
            await chains.check()
    async with closing(dev_setting(dev_chain, rpc_urls=(SecretStr("http://127.0.0.1:1/a-secret"),))) as chains:
        await chains.check()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"gas_key": SecretStr(ONE)}, "are one key"),
        ({"treasury_key": SecretStr("no key")}, "64 hexadecimal digits"),
        ({"treasury_key": SecretStr(KEYS[0])}, "everybody has it"),
        ({"nodes_min": 1}, "needs two nodes"),
        ({"gas_key": SecretStr(""), "gas_key_file": Path("/nowhere/gas.json")}, "cannot be read"),
    ],
)
def test_keys_that_protect_nothing_are_refused_without_being_shown(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ChainMismatch, match=says) as raised:
        ConfiguredChains([setting(**wrong)])
    assert ONE not in raised.value.message
    with pytest.raises(ChainMismatch, match="same id"):
        ConfiguredChains([setting(), setting("Matic", **_polygon())])


def _polygon() -> dict[str, Any]:
    token = "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359"
    return {"id": 137, "token": token, "token_name": "USD Coin", "token_version": "2", "is_test": False}


@pytest.mark.unhurried
def test_a_key_comes_from_an_encrypted_file(tmp_path: Path) -> None:
    file = tmp_path / "treasury.json"
    file.write_text(json.dumps(Account.encrypt(bytes.fromhex(ONE), "a word", kdf="pbkdf2", iterations=2)))
    said: dict[str, Any] = {"treasury_key": SecretStr(""), "treasury_key_file": file}
    keys = ConfiguredChains([setting(key_password=SecretStr("a word"), **said)]).keys(137)
    assert keys.treasury.address == ConfiguredChains([setting()]).keys(137).treasury.address
    with pytest.raises(ChainMismatch, match="its password is another one"):
        ConfiguredChains([setting(key_password=SecretStr("another"), **said)])
