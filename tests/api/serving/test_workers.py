"""Several API processes on one port and one PostgreSQL."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app import db, settings
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.paywalls.provider import ProviderSetting
from app.flows.paywalls.demo import PAYWALL_ID
from app.jobs.schedule import jobs
from app.wiring.adapters import ProvidersByName
from tests.emulators.receiver import receiving
from tests.journeys.pages import START_SECONDS_MAX
from tests.support.handed import prepare
from tests.support.ports import free_port
from tests.support.server import ROOT, command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.postgres


def is_ready(base_url: str) -> bool:
    try:
        return httpx.get(f"{base_url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def serving(url: str, data: Path, *options: str, **environment: str) -> Iterator[tuple[str, str]]:
    """Runs several workers with the demo's paywall; yields their address and its key."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    chosen = {"DATABASE_URL": url, "PUBLIC_URL": base_url, **environment}
    arguments = ["serve", "--api-only", "--port", str(port), "--data", str(data), *options]
    settings.configure(data=data, database_url=url)
    with subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, **{f"COINSLOT_{name}": value for name, value in chosen.items()}},
    ) as process:
        try:
            wait_until(partial(is_ready, base_url), 0.1, START_SECONDS_MAX)
            provider, target = ProvidersByName(settings.get(), _Nobody()).find(PAYWALL_ID, ProviderSetting("demo"))
            asyncio.run(prepare(provider, target, _NoPrices()))
            yield base_url, keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], PAYWALL_ID)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
            db.dispose()


@dataclass(frozen=True)
class Workers:
    """Workers that run, with the key of the demo's paywall, their folder and what they were told."""

    base_url: str
    key: str
    data: Path
    environment: Mapping[str, str]

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=f"{self.base_url}/v1", headers=headers, timeout=60) as made:
            yield made


def body(**more: Any) -> dict[str, Any]:
    return {"model": "demo-mini", "user": "ada", "messages": [{"role": "user", "content": "Hello"}], **more}


@pytest.fixture(scope="module")
def workers(own_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Three workers that leave their jobs to another process."""
    data = tmp_path_factory.mktemp("workers")
    environment = {"DATABASE_URL": own_postgres_url, "ALLOW_PRIVATE_ADDRESSES": "true"}
    with serving(own_postgres_url, data, "--workers", "3", "--no-jobs", **environment) as (base_url, key):
        yield Workers(base_url, key, data, environment)
    settings.configure()


@pytest.mark.slow
def test_three_workers_share_one_wallet_and_never_overspend_it(workers: Workers) -> None:
    """Only several servers on one port show that nothing which they keep in memory lets a wallet be overspent."""
    with workers.client() as client:

        def ask(_number: int) -> httpx.Response:
            return client.post("/chat/completions", json=body(max_tokens=2_000), headers={"Connection": "close"})

        client.post("/user/balance/deposit", json={"user": "ada", "amount": "0.01"}).raise_for_status()
        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(ask, range(60)))
        assert {answer.headers["x-paywall-action"] for answer in answers} == {"none", "topup"}
        charged = sum(Fraction(answer.json()["paywall"]["charge"]) for answer in answers)
        balance = client.get("/user/balance?user=ada").json()
    assert Fraction(balance["spendable"]) == Fraction("0.01") - charged >= 0
    assert balance["held"] == "0"


@pytest.mark.slow
def test_workers_without_jobs_leave_them_to_another_process(workers: Workers) -> None:
    """Only servers that were waited for show that none of them takes a job."""
    with receiving() as endpoint, workers.client() as client:
        client.post("/webhooks/subscriptions", json={"url": endpoint.url("/ok"), "events": ["*"]}).raise_for_status()
        client.post("/user/balance/deposit", json={"user": "ada", "amount": "5"}).raise_for_status()
        assert client.post("/chat/completions", json=body()).headers["x-paywall-action"] == "none"
        time.sleep(4 * jobs()["fan-out-events"].every_seconds)
        with db.transaction(writes=False) as session:
            taken = session.scalars(text("SELECT name FROM lease WHERE name LIKE 'job:%'")).all()
        assert (list(taken), endpoint.at("/ok")) == ([], [])
        for name in ("fan-out-events", "deliver-webhooks"):
            done = command("job", name, "--data", str(workers.data), **workers.environment)
            assert done.returncode == 0, done.stderr
        assert "paywall.proxy.request.completed" in {
            one.headers["x-paywall-event"].split("@")[0] for one in endpoint.at("/ok")
        }


class _Nobody:
    """A counter that is not asked."""

    def count(self, text: str, model: str) -> int | None:
        raise AssertionError


class _NoPrices:
    """A catalogue that knows nothing."""

    def find(self, model: str) -> None:
        return None
