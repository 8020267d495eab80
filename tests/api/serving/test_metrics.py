"""GET /metrics."""

from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from app.api.serving.metrics import _add_payments, _registry
from app.domain.refunds.tables import RefundStatus
from app.domain.usage.drift import Drift
from tests.support.server import Demo, command, running


@pytest.mark.unhurried
def test_metrics_say_what_is_committed_and_held_and_whether_the_books_balance(tmp_path: Path) -> None:
    with running(tmp_path / "data", METRICS_TOKEN="secret") as demo:
        demo.chat("demo-mini", demo.new_user())
        assert command("job", "audit", "--data", str(demo.data)).stdout.strip() == "audit: 0"
        lines = _metrics(demo, "secret").text.splitlines()
        figures = dict(line.split(" ", 1) for line in lines if not line.startswith("#"))
        assert figures["coinslot_open_holds"] == "0.0" and figures["coinslot_commit_queue_waiting"] == "0.0"
        assert float(figures["coinslot_commit_operations_total"]) == 2
        assert figures["coinslot_audit_findings"] == "0.0"
        assert 0 <= float(figures["coinslot_audit_age_seconds"]) < 60
        assert not any(name.startswith("coinslot_model_cost_dollars") for name in figures)
        assert _metrics(demo, "guess").status_code == 401


def test_without_a_token_there_are_no_metrics(demo: Demo) -> None:
    assert _metrics(demo, "guess").status_code == 404


def _metrics(demo: Demo, token: str) -> httpx.Response:
    return httpx.get(f"{demo.base_url}/metrics", headers={"Authorization": f"Bearer {token}"})


def test_what_each_model_cost_by_us_and_by_its_provider_is_exported() -> None:
    drifts = [Drift("2026-11-26", "built-in", 'a/"odd"', 3, 1_500_000_000, 2_000_000_000)]
    lines = generate_latest(_registry(0, None, drifts)).decode()
    labels = 'provider="built-in"'
    assert f'coinslot_model_cost_dollars{{by="us",day="2026-11-26",model="a/\\"odd\\"",{labels}}} 1.5' in lines
    assert f'coinslot_model_cost_dollars{{by="provider",day="2026-11-26",model="a/\\"odd\\"",{labels}}} 2.0' in lines


def test_payments_that_wait_and_refunds_that_are_owed_are_exported() -> None:
    registry = CollectorRegistry()
    _add_payments(registry, {"sandbox": (3, 2)}, {RefundStatus.FAILED: 1})
    lines = generate_latest(registry).decode()
    for state, count in (("waiting", 3.0), ("failing", 2.0)):
        assert f'coinslot_payment_events{{connection="sandbox",state="{state}"}} {count}' in lines
    assert 'coinslot_refunds_owed{state="failed"} 1.0' in lines
