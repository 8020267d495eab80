"""The chain of `coinslot demo --chain`: started and stopped by us, and configured as any other chain is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from app.settings.chains import ChainSetting

Report = Callable[[str, float], None]


@contextmanager
def demo_chain(data: Path, report: Report) -> Iterator[ChainSetting]:
    """Runs the demo's chain below `data`, and gives it as a setting. Raises Unavailable."""
    from app.adapters.chain.dev import kept
    from app.adapters.chain.dev.node import GAS, KEYS, TREASURY

    with kept.running(data, report) as chain:
        yield ChainSetting(
            name="dev", rpc_urls=(SecretStr(chain.node.url),), token=chain.token, bridged_token=chain.bridged_token,
            treasury_key=SecretStr(KEYS[TREASURY]), gas_key=SecretStr(KEYS[GAS]),
        )  # fmt: skip
