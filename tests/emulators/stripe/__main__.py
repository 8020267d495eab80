"""`python -m tests.emulators.stripe --port N`: runs the emulator until it is ended, having printed where it is."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from tests.emulators.stripe import control
from tests.emulators.stripe.server import ACTIONS, Stripe


async def run(port: int, accounts: Sequence[str], *, until_eof: bool = False) -> None:
    """Serves on loopback; 0 is any free port. Accounts of these names are opened first.

    `until_eof` ends it with its standard input, which whoever started it holds open for as long as they live.
    """
    stripe = Stripe()
    runner = web.AppRunner(stripe.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    chosen = runner.addresses[0][1]
    said: dict[str, Any] = {"port": chosen, "url": f"http://127.0.0.1:{chosen}"}
    opened = [await control.do(stripe, ACTIONS, {"do": "account", "name": name}, said["url"]) for name in accounts]
    said |= {**opened[0], "others": opened[1:]} if opened else {}
    print(json.dumps(said), flush=True)
    await (_end_of_input() if until_eof else asyncio.Event().wait())


async def _end_of_input() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1_000):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--account", action="append", default=[], help="opens an account of this name, prints its keys")
    parser.add_argument("--until-eof", action="store_true", help="ends with its standard input")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, arguments.account, until_eof=arguments.until_eof))
