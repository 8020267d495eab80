"""A dev chain with money on it: Circle's token, the bridged one that only looks like it, Multicall3, the factory."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.adapters.chain import abi
from app.adapters.chain.contracts import forwarders
from app.adapters.chain.dev import contracts
from app.adapters.chain.dev.node import TREASURY, DevNode


@dataclass(frozen=True, slots=True)
class DevChain:
    """A node, where its tokens and the factory are; the node's first account may do all that the tokens' issuer may."""

    node: DevNode
    token: str
    bridged_token: str
    factory: str

    def call(self, signature: str, *values: object, sender: str | None = None, token: str = "") -> Mapping[str, Any]:
        """Calls the token as its issuer, or as somebody else, and returns the receipt."""
        return self.node.transact(token or self.token, abi.call_data(signature, *values), sender)

    def mint(self, address: str, units: int, token: str = "") -> Mapping[str, Any]:
        """Gives an address so many units of the token (10⁻⁶) that did not exist before."""
        return self.call("mint(address,uint256)", address, units, token=token)

    def balance(self, address: str, token: str = "") -> int:
        """Returns the units of the token that an address has now."""
        units: int = self.node.read(token or self.token, "balanceOf(address)", "uint256", address)
        return units


def deploy(node: DevNode, packages: Path) -> DevChain:
    """Puts Multicall3, both tokens and the factory on a new chain."""
    contracts.put_multicall(node, packages)
    token = contracts.deploy_token(node, packages)
    bridged = contracts.deploy_token(node, packages, contracts.BRIDGED_NAME, "USDC.e")
    treasury = node.accounts[TREASURY]
    node.transact(forwarders.DEPLOYER, forwarders.deployment(treasury))
    node.finalize()
    return DevChain(node, token, bridged, forwarders.factory_of(treasury))
