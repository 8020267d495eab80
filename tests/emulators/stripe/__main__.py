"""`python -m tests.emulators.stripe --port N`: runs the emulator until it is ended, having printed where it is."""

import argparse
import asyncio
import json
from typing import Any

from aiohttp import web

from tests.emulators.stripe import control
from tests.emulators.stripe.server import ACTIONS, Stripe


async def run(port: int, account: str | None) -> None:
    """Serves on loopback; 0 is any free port. With the name of an account, that is opened first."""
    stripe = Stripe()
    runner = web.AppRunner(stripe.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    chosen = runner.addresses[0][1]
    said: dict[str, Any] = {"port": chosen, "url": f"http://127.0.0.1:{chosen}"}
    if account is not None:
        said |= await control.do(stripe, ACTIONS, {"do": "account", "name": account}, said["url"])
    print(json.dumps(said), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--account", help="opens an account of this name, and prints its keys")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, arguments.account))
