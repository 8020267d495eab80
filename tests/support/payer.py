"""A process that pays out by a chain until it is killed: the product's own rail, over the settings of a test."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Any

from app import settings, wiring
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import GAS, KEYS, TREASURY
from app.each_alone import alone
from app.flows.settlement.sending import Pace

START_SECONDS_MAX = 60
PACE = Pace(again_seconds=0.5, replace_seconds=3_600)


def chain_settings(dev: DevChain) -> Mapping[str, Any]:
    """Returns a dev chain as COINSLOT_CHAINS names it."""
    return {
        "name": "dev", "rpc_urls": [dev.node.url], "token": dev.token, "bridged_token": dev.bridged_token,
        "treasury_key": KEYS[TREASURY], "gas_key": KEYS[GAS],
    }  # fmt: skip


def pay(database_url: str, chain: Mapping[str, Any], begins: Event) -> None:
    """Lets the rail of a chain go on and on; whatever fails is tried again."""
    settings.configure(database_url=database_url, chains=[chain])
    asyncio.run(_pay(begins))


async def _pay(begins: Event) -> None:
    (rail,) = wiring.get().settlement.rails
    rail.pace = PACE
    begins.set()
    while True:
        await alone("payer", "tick", rail.go_on)


@contextmanager
def paying(database_url: str, chain: Mapping[str, Any]) -> Iterator[BaseProcess]:
    """Runs such a process, from when it begins; at the end of the block it is killed as a power failure kills it."""
    processes = get_context("forkserver")  # whose imports are made once
    processes.set_forkserver_preload([__name__])
    begins = processes.Event()
    process = processes.Process(target=pay, args=(database_url, chain, begins), daemon=True)
    process.start()
    try:
        assert begins.wait(START_SECONDS_MAX), "the payer did not begin"
        yield process
    finally:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
