"""A real chain of a test's own: Anvil, with Circle's own USDC and Multicall3 on it, all of them from npm."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.adapters.chain.dev import anvil, tools
from app.adapters.chain.dev.chain import DevChain, deploy
from app.adapters.chain.dev.node import CHAIN_ID, DevNode


def packages() -> Path:
    """Returns the folder with the packages, installed once a machine."""
    return tools.install(Path(tempfile.gettempdir()))


@contextmanager
def running(chain_id: int = CHAIN_ID) -> Iterator[DevChain]:
    """Starts a chain that mines when it is told to, and whose `finalized` is two blocks behind its head."""
    with anvil.running(packages(), anvil.BY_HAND, chain_id=chain_id) as url, closing(DevNode(url)) as node:
        yield deploy(node, packages())
