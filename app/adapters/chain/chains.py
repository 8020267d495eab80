"""The chains of this process as they are configured, over one HTTP client, with the keys that sign for each."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import httpx
import structlog

from app.adapters.chain.contracts.forwarders import factory_of
from app.adapters.chain.keys import DEV_CHAIN_ID, LocalSigner
from app.adapters.chain.known import rules_of
from app.adapters.chain.reading import ChainReader
from app.adapters.chain.writing import ChainWriter
from app.domain.errors import Unavailable
from app.domain.money import Environment
from app.ports.chain.signer import ChainKeys
from app.ports.chain.values import ChainMismatch, ChainRules, ChainUnavailable
from app.settings.chains import ChainSetting

log = structlog.get_logger()
CONNECTIONS_MAX = 50


class EvmChain(ChainReader, ChainWriter):
    """A Chain over the nodes of its rules: read through several, none of which is believed alone, and signed for."""


class ConfiguredChains:
    """Chains as settings name them. Raises ChainMismatch for what can be no chain, or no key of it."""

    def __init__(self, settings: Sequence[ChainSetting]) -> None:
        self._rules: dict[int, ChainRules] = {}
        self._keys: dict[int, ChainKeys] = {}
        for setting in settings:
            rules = rules_of(setting)
            if rules.id in self._rules:
                raise ChainMismatch("Two chains of the settings have the same id.")
            keys = self._keys[rules.id] = _keys_of(setting, rules)
            self._rules[rules.id] = replace(rules, factory=factory_of(keys.treasury.address))

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
        return httpx.AsyncClient(limits=limits, follow_redirects=False, trust_env=False)

    @cached_property
    def _chains(self) -> Mapping[int, EvmChain]:
        return {id_: EvmChain(rules, self._client) for id_, rules in sorted(self._rules.items())}

    def all(self) -> Sequence[EvmChain]:
        """Returns every chain, in the order of their ids."""
        return list(self._chains.values())

    def of(self, environment: Environment) -> Sequence[EvmChain]:
        """Returns the chains on which an environment's money moves: test chains for the sandbox, others for live."""
        return [chain for chain in self.all() if chain.rules.is_test == (environment is Environment.SANDBOX)]

    def reach(self, chain_id: int) -> EvmChain:
        """Returns a chain by its id. Raises Unavailable for one that is not configured (any more)."""
        if (chain := self._chains.get(chain_id)) is None:
            raise Unavailable(f"Chain {chain_id} is not set up here.")
        return chain

    def keys(self, chain_id: int) -> ChainKeys:
        """Returns the keys of a chain. Raises Unavailable for one that is not configured (any more)."""
        if (keys := self._keys.get(chain_id)) is None:
            raise Unavailable(f"Chain {chain_id} is not set up here.")
        return keys

    async def check(self) -> None:
        """Raises ChainMismatch where a chain is not what it is configured to be; one that does not answer is logged."""
        tried = await asyncio.gather(*(chain.check() for chain in self.all()), return_exceptions=True)
        for chain, error in zip(self.all(), tried, strict=True):
            if isinstance(error, ChainUnavailable):
                log.warning("chain", chain=chain.rules.id, step="not_checked", said=error.message)
            elif error is not None:
                raise error

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()


def _keys_of(setting: ChainSetting, rules: ChainRules) -> ChainKeys:
    password = setting.key_password.get_secret_value()
    signers = []
    for key, file in ((setting.treasury_key, setting.treasury_key_file), (setting.gas_key, setting.gas_key_file)):
        if file is None:
            signers.append(LocalSigner.of_key(key.get_secret_value(), rules.id))
            continue
        try:
            text = file.read_text()
        except OSError as error:
            raise ChainMismatch(f"The key file {file} of {rules.name} cannot be read: {error.strerror}.") from None
        signers.append(LocalSigner.of_file(text, password, rules.id))
    treasury, gas = signers
    if treasury.address == gas.address:
        raise ChainMismatch(f"Treasury and gas account of {rules.name} are one key, and must be two.")
    if rules.id != DEV_CHAIN_ID and rules.nodes_min < 2:
        raise ChainMismatch(f"{rules.name} needs two nodes that must agree; only the dev chain has one.")
    return ChainKeys(treasury, gas)
