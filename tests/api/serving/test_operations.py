"""Is the process up, is it ready, what does it hold and owe."""

import fcntl
import time
from pathlib import Path

import httpx
import pytest

from tests.support.server import Demo, running


def test_health_and_readiness(demo: Demo) -> None:
    assert httpx.get(f"{demo.base_url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{demo.base_url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_without_a_chain_there_is_nothing_to_report(demo: Demo) -> None:
    answer = httpx.get(f"{demo.base_url}/reserves.json")
    assert (answer.status_code, answer.json()) == (200, {"reports": []})


@pytest.mark.slow
def test_a_server_that_can_write_nothing_is_not_ready_and_is_again_when_it_can(tmp_path: Path) -> None:
    """Only a database that is really locked, and let go, shows both ways of a server's readiness."""
    with running(tmp_path / "data") as own:
        assert httpx.get(f"{own.base_url}/readyz").status_code == 200
        with (own.data / "coinslot.db.lock").open("a") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            time.sleep(1)  # for so long the last outcome is kept
            answer = httpx.get(f"{own.base_url}/readyz", timeout=10)
            assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
            assert httpx.get(f"{own.base_url}/healthz").status_code == 200
        for _ in range(100):
            answer = httpx.get(f"{own.base_url}/readyz", timeout=10)
            if answer.status_code == 200:
                break
            time.sleep(0.05)
        assert answer.json() == {"status": "ready"}
