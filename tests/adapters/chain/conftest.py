"""One real chain for all tests of a process; each begins with it as it was deployed."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from app.adapters.chain.evm import EvmChain
from app.adapters.chain.keys import LocalSigner
from tests.emulators import anvil
from tests.emulators.anvil import Anvil


@pytest.fixture(scope="session")
def deployed() -> Iterator[Anvil]:
    with anvil.running() as chain:
        yield chain


@pytest.fixture
def node(deployed: Anvil) -> Iterator[Anvil]:
    """The chain's node, with nothing on it but the contracts."""
    snapshot = deployed.ask("evm_snapshot")
    yield deployed
    deployed.ask("anvil_dropAllTransactions")
    assert deployed.ask("evm_revert", snapshot)


@pytest.fixture
async def chain(node: Anvil) -> AsyncIterator[EvmChain]:
    async with httpx.AsyncClient() as client:
        yield EvmChain(node.rules, client)


@pytest.fixture(scope="session")
def treasury() -> LocalSigner:
    return LocalSigner.of_key(anvil.KEYS[0], 31_337)


@pytest.fixture(scope="session")
def gas_account() -> LocalSigner:
    return LocalSigner.of_key(anvil.KEYS[1], 31_337)
