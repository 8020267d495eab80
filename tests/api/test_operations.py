"""Is the process up, is it ready."""

import httpx

from tests.server import Demo


def test_health_and_readiness(demo: Demo) -> None:
    assert httpx.get(f"{demo.base_url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{demo.base_url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
