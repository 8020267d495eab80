"""What journeys share: a browser's flags, a free port, a server that has come up."""

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_SECONDS_MAX = 180


def free_port() -> int:
    """Returns a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_instance(path: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Returns what a starting server writes once it can be used. Fails if it ends or takes too long."""
    for _ in range(START_SECONDS_MAX * 10):
        if path.exists():
            content: dict[str, Any] = json.loads(path.read_text())
            return content
        assert process.poll() is None, "the server ended before it was ready"
        time.sleep(0.1)
    raise AssertionError(f"{path} was not written within {START_SECONDS_MAX} seconds")
