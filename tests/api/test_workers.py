"""Several API processes on one port and one PostgreSQL."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import httpx
import pytest

from app import db, settings
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import ProviderSetting
from app.flows.demo_data import PAYWALL_ID, prepare
from app.wiring import ProvidersByName
from tests.journeys.pages import free_port
from tests.server import ROOT

pytestmark = pytest.mark.postgres


@pytest.fixture
def workers(migrated_postgres_url: str, data_dir: Path) -> Iterator[tuple[str, str]]:
    """Runs three workers; yields their address and a key."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "COINSLOT_DATABASE_URL": migrated_postgres_url, "COINSLOT_PUBLIC_URL": base_url}
    command = [sys.executable, "-m", "app.cli", "serve", "--api-only", "--workers", "3", "--port", str(port), "--data",
               str(data_dir)]  # fmt: skip
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        for _ in range(300):
            try:
                if httpx.get(f"{base_url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        try:
            yield base_url, keys.derive_key(Environment.SANDBOX, settings.get().secrets[0], PAYWALL_ID)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(40) == 0
            db.dispose()


def test_three_workers_share_one_wallet_and_never_overspend_it(workers: tuple[str, str]) -> None:
    base_url, key = workers
    providers = ProvidersByName(_Nobody())
    provider, target = providers.find(PAYWALL_ID, ProviderSetting("demo"))
    asyncio.run(prepare(provider, target, _NoPrices()))
    headers = {"Authorization": f"Bearer {key}"}
    body = {
        "model": "demo-mini",
        "user": "ada",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 2_000,
    }

    def ask(_number: int) -> httpx.Response:
        return httpx.post(f"{base_url}/v1/chat/completions", json=body, headers=headers, timeout=60)

    httpx.post(f"{base_url}/v1/user/balance/deposit", json={"user": "ada", "amount": "0.01"}, headers=headers)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(ask, range(60)))
    assert {answer.headers["x-paywall-action"] for answer in answers} == {"none", "topup"}
    charged = sum(Fraction(answer.json()["paywall"]["charge"]) for answer in answers)
    balance = httpx.get(f"{base_url}/v1/user/balance?user=ada", headers=headers).json()
    assert Fraction(balance["spendable"]) == Fraction("0.01") - charged >= 0
    assert balance["held"] == "0"


class _Nobody:
    """A counter that is not asked."""

    def count(self, text: str, model: str) -> int | None:
        raise AssertionError


class _NoPrices:
    """A catalogue that knows nothing."""

    def find(self, model: str) -> None:
        return None
