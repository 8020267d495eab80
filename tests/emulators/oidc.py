"""A real OIDC provider as a process of its own, and the person who signs in there."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port


@dataclass(frozen=True)
class RunningProvider:
    """A running provider."""

    issuer: str

    def set_user(self, subject: str, **claims: Any) -> None:
        """Makes a person known, with what the provider says of them."""
        httpx.put(f"{self.issuer}/users/{subject}", json=claims).raise_for_status()

    def sign_in(self, url: str, subject: str, *, action: str = "authorize") -> str:
        """Signs somebody in at the address that a browser was sent to, and returns where it is sent back to."""
        answer = httpx.post(url, data={"sub": subject, "action": action})
        assert answer.status_code in (302, 303), answer.text
        return answer.headers["location"]


@contextmanager
def running() -> Iterator[RunningProvider]:
    """Runs a provider on a free port."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    log = Path(tempfile.mkstemp(prefix="oidc-", suffix=".log")[1])
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--host", "127.0.0.1"]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            for _ in range(1_200):
                try:
                    httpx.get(f"{issuer}/.well-known/openid-configuration").raise_for_status()
                    break
                except httpx.TransportError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.05)
            yield RunningProvider(issuer)
        finally:
            process.terminate()
            process.wait(10)
            log.unlink()
