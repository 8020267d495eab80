"""Serves an ASGI app with our own uvicorn, and says where in `instance.json` once it can be used."""

import asyncio
import gc
import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from app import db, settings
from app.api.asgi import App

STARTED_POLL_SECONDS = 0.02
GC_THRESHOLDS = (50_000, 20, 50)
"""Requests make much garbage and hardly any cycles: looked for less often, they cost the tail less."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: on a host and port, or on a bound socket that was inherited as a descriptor."""

    host: str
    port: int
    descriptor: int | None = None

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"


def serve(app: App | str, address: Address, instance: dict[str, Any], on_ready: Callable[[], None]) -> bool:
    """Serves until SIGTERM or SIGINT, and returns whether it had started.

    `app` is an ASGI app, or the import path of a factory of one. `instance` is written to
    DATA/instance.json as soon as the server is bound and ready, and removed at a clean stop. Running streams
    may end within the drain time, then are cut and settled.
    """
    config = uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=address.host,
        port=address.port,
        fd=address.descriptor,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        interface="asgi3",
        proxy_headers=False,  # nothing here believes what a client says of its address
        timeout_graceful_shutdown=settings.get().drain_seconds_max,
    )
    server = uvicorn.Server(config)
    path = settings.get().data / "instance.json"
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal that ended it once more; by then everything has been drained and settled.
        signal.signal(number, lambda _number, _frame: None)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, path, instance, on_ready))
    if server.started:
        path.unlink(missing_ok=True)
    return server.started


async def _serve(server: uvicorn.Server, path: Path, instance: dict[str, Any], on_ready: Callable[[], None]) -> None:
    announcing = asyncio.create_task(_announce(server, path, instance, on_ready))
    await server.serve()
    if not announcing.done():
        announcing.cancel()
    elif not announcing.cancelled():
        announcing.result()


async def _announce(server: uvicorn.Server, path: Path, instance: dict[str, Any], on_ready: Callable[[], None]) -> None:
    """Waits until the server is bound, then writes the instance file and freezes what startup left.

    A server that cannot say where it is stops again, with the error.
    """
    is_announced = False
    try:
        while not server.started or not await asyncio.to_thread(db.is_migrated):  # noqa: ASYNC110 (uvicorn sets no event)
            await asyncio.sleep(STARTED_POLL_SECONDS)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        write_instance(path, instance)
        on_ready()
        is_announced = True
    finally:
        server.should_exit |= not is_announced


def write_instance(path: Path, instance: dict[str, Any]) -> None:
    """Writes the file whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with suppress(FileNotFoundError):
        part.unlink()
    with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump({**instance, "pid": os.getpid()}, file, indent=1)
    part.rename(path)
