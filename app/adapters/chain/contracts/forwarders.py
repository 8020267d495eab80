"""The deposit factory: where it is, where its forwarders are, and how it is asked to sweep. Pure.

Its address follows from the treasury alone, on every chain, so that money sent on a wrong one can be fetched there.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from app.adapters.chain import abi

DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
"""The deployer that is at this address on every chain (Arachnid's deterministic-deployment-proxy)."""
SALT = "0x" + "0" * 64
SWEEP = "sweep(bytes32[],address)"
GAS_OF_SWEEP, GAS_OF_FORWARDER = 80_000, 180_000
"""Reckoned and not asked for: first the forwarder is made, then its token moves, to an address that may be new."""

GAS_OF_FACTORY = 1_500_000
"""More than its deployment takes, most of which is for its code."""
_PROXY = ("602d3d8160093d39f3363d3d373d3d3d363d73", "5af43d82803e903d91602b57fd5bf3")


@cache
def compiled() -> str:
    """Returns what Vyper made of the contract, without the treasury."""
    found = json.loads((Path(__file__).parent / "forwarders.json").read_text())
    return str(found["bytecode"])


def init_code(treasury: str) -> str:
    """Returns what deploys the factory of a treasury."""
    return compiled() + abi.word(treasury)[2:]


def factory_of(treasury: str) -> str:
    """Returns the address of a treasury's factory, the same on every chain."""
    return abi.created(DEPLOYER, SALT, abi.hash_of(abi.bytes_of(init_code(treasury))))


def deployment(treasury: str) -> str:
    """Returns what DEPLOYER is sent so that it deploys the factory of a treasury."""
    return SALT + init_code(treasury)[2:]


def proxy_hash(factory: str) -> str:
    """Returns the hash of the init code of a factory's forwarders (EIP-1167)."""
    before, after = _PROXY
    return abi.hash_of(abi.bytes_of(before + factory[2:] + after))


def forwarder_of(factory: str, salt: str) -> str:
    """Returns the address of a salt's forwarder, whether or not anything is there yet."""
    return abi.created(factory, salt, proxy_hash(factory))


def sweep_data(salts: Sequence[str], token: str) -> str:
    """Returns the call that sends what the forwarders of salts hold of a token to the treasury."""
    return abi.call_data(SWEEP, [abi.bytes_of(salt) for salt in salts], token)


def sweep_gas(count: int) -> int:
    """Returns the gas that a sweep of so many forwarders is given."""
    return GAS_OF_SWEEP + GAS_OF_FORWARDER * count
