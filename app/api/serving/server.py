"""Serves an ASGI app with our own uvicorn, and says where in `instance.json` once it can be used."""

import asyncio
import gc
import json
import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn

from app import db, wiring
from app.api.serving.asgi import App
from app.api.serving.log_bounds import bound_libraries
from app.api.serving.memory import keep_small
from app.api.wire.connections import ConnectionLimits, Crowd
from app.api.wire.http_protocol import HttpProtocol
from app.api.wire.socket_messages import WIRE_BYTES_MAX
from app.api.wire.socket_protocol import PageSocketProtocol

STARTED_POLL_SECONDS = 0.02
GC_THRESHOLDS = (50_000, 20, 50)
"""Requests make much garbage and hardly any cycles: looked for less often, they cost the tail less. Large ones are
looked for by `memory`."""

FILES_MAX = 65_536
"""How many files a process may have open, where the machine allows as many."""
FILES_KEPT = 200
"""Files that are nobody's connection: databases, logs, pages, the answers of mail servers and receivers."""
FILES_OF_CONNECTION = 2
"""A chat request has its client's connection and its provider's."""
CONNECTIONS_MIN, CONNECTIONS_MAX = 24, 20_000


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
    has_pages = isinstance(app, str)
    protocol = partial(HttpProtocol, Crowd(connection_limits()))
    config = uvicorn.Config(
        app,
        factory=has_pages,
        host=address.host,
        port=address.port,
        fd=address.descriptor,
        loop="uvloop",
        http=cast(type[asyncio.Protocol], protocol),
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        interface="asgi3",
        ws=PageSocketProtocol if has_pages else "none",
        ws_max_size=WIRE_BYTES_MAX,
        ws_per_message_deflate=False,  # a window for each socket, and what it swells to, for texts of a line
        ws_ping_interval=None,  # Engine.IO has beats of its own
        proxy_headers=False,  # nothing here believes what a client says of its address
        timeout_graceful_shutdown=wiring.get().settings.drain_seconds_max,
    )
    bound_libraries()
    server = uvicorn.Server(config)
    path = wiring.get().settings.data / "instance.json"
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal that ended it once more; by then everything has been drained and settled.
        signal.signal(number, lambda _number, _frame: None)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, path, instance, on_ready))
    if server.started:
        path.unlink(missing_ok=True)
    return server.started


def connection_limits() -> ConnectionLimits:
    """Returns what connections may cost this process, and raises its own limit of files as far as it may.

    All together they never take the files that others need.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    files = FILES_MAX if soft == resource.RLIM_INFINITY else soft
    chosen = wiring.get().settings
    return ConnectionLimits(
        connections_max=min(max((files - FILES_KEPT) // FILES_OF_CONNECTION, CONNECTIONS_MIN), CONNECTIONS_MAX),
        waiting_max=chosen.waiting_connections_max,
        head_seconds=chosen.head_seconds_max,
        silence_seconds=chosen.silence_seconds_max,
    )


async def _serve(server: uvicorn.Server, path: Path, instance: dict[str, Any], on_ready: Callable[[], None]) -> None:
    announcing = asyncio.create_task(_announce(server, path, instance, on_ready))
    keeping = asyncio.create_task(keep_small())
    await server.serve()
    keeping.cancel()
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
