"""The demo's chain: started beside its database, and found again as it was left."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.adapters.chain.dev import anvil, tools
from app.adapters.chain.dev.chain import DevChain, deploy
from app.adapters.chain.dev.node import TEST_WALLET, DevNode

PACKAGES, STATE = "chain-packages", "chain"
"""Folders below the data: what npm installs, which a fresh demo keeps, and what the chain is."""
GIFT_UNITS = 1_000_000_000

Report = Callable[[str, float], None]


@contextmanager
def running(data: Path, report: Report) -> Iterator[DevChain]:
    """Runs the demo's chain until the block ends; `report` hears of each step. Raises Unavailable."""
    report("Installing the dev chain (first start only)", 0.1)
    packages = tools.install(data / PACKAGES)
    home = data / STATE
    home.mkdir(mode=0o700, exist_ok=True)
    report("Starting the dev chain", 0.7)
    words = anvil.by_itself(home / "state.json")
    with anvil.running(packages, words, lock=home / "lock") as url, closing(DevNode(url)) as node:
        yield _found(node, home / "deployed.json") or _deployed(node, packages, home / "deployed.json")


def _found(node: DevNode, path: Path) -> DevChain | None:
    """Returns what was deployed before, if it is still there."""
    if not path.exists():
        return None
    token, bridged, factory = json.loads(path.read_text())
    return DevChain(node, token, bridged, factory) if node.has_code(token) and node.has_code(factory) else None


def _deployed(node: DevNode, packages: Path, path: Path) -> DevChain:
    chain = deploy(node, packages)
    chain.mint(node.accounts[TEST_WALLET], GIFT_UNITS)
    path.write_text(json.dumps([chain.token, chain.bridged_token, chain.factory]))
    return chain
