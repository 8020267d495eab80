"""GET /metrics."""

from pathlib import Path

import httpx

from tests.server import Demo, command, running


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
        assert _metrics(demo, "guess").status_code == 401


def test_without_a_token_there_are_no_metrics(demo: Demo) -> None:
    assert _metrics(demo, "guess").status_code == 404


def _metrics(demo: Demo, token: str) -> httpx.Response:
    return httpx.get(f"{demo.base_url}/metrics", headers={"Authorization": f"Bearer {token}"})
