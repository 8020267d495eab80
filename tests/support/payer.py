"""A process that pays out by a chain until it is killed: the product's own rail, over the settings of a test."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

from app import settings, wiring
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, TREASURY
from app.each_alone import alone
from app.flows.settlement.sending import Pace

PACE = Pace(again_seconds=0.5, replace_seconds=3_600)


def chain_settings(dev: DevChain) -> Mapping[str, Any]:
    """Returns a dev chain as COINSLOT_CHAINS names it."""
    return {
        "name": "dev", "rpc_urls": [dev.node.url], "token": dev.token, "bridged_token": dev.bridged_token,
        "treasury_key": KEYS[TREASURY], "gas_key": KEYS[GAS],
    }  # fmt: skip


def pay(database_url: str, chain: Mapping[str, Any]) -> None:
    """Lets the rail of a chain go on and on; whatever fails is tried again."""
    settings.configure(database_url=database_url, chains=[chain])
    asyncio.run(_pay())


async def _pay() -> None:
    (rail,) = wiring.get().settlement.rails
    rail.pace = PACE
    while True:
        await alone("payer", "tick", rail.go_on)


@contextmanager
def paying(database_url: str, chain: Mapping[str, Any]) -> Iterator[BaseProcess]:
    """Runs such a process; at the end of the block it is killed as a power failure kills it."""
    process = get_context("spawn").Process(target=pay, args=(database_url, chain), daemon=True)
    process.start()
    try:
        yield process
    finally:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
