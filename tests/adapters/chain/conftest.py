"""A chain over the one node of a test's own Anvil."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.ports.chain.values import ChainRules
from tests.support.settling import rules_of


@pytest.fixture
async def chain(dev_chain: DevChain) -> AsyncIterator[EvmChain]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield EvmChain(rules_of(dev_chain), client)


@pytest.fixture
async def make() -> AsyncIterator[Callable[[ChainRules], EvmChain]]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield lambda rules: EvmChain(rules, client)
