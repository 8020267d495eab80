"""The product with pages, as journeys see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.emulators.mail import Inbox
from tests.support.server import command

METRICS_TOKEN = "metrics-of-the-site"


@dataclass(frozen=True)
class Site:
    """A running product with pages; mails go to `inbox`."""

    base_url: str
    keys: dict[str, str]
    data: Path
    inbox: Inbox
    log: Path
    database_url: str

    def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, mode: str = "shared",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Calls the API as one of the two apps does."""
        said = {**(headers or {}), "Authorization": f"Bearer {self.keys[mode]}"}
        return httpx.request(method, f"{self.base_url}/v1{path}", json=body, headers=said, timeout=60)

    def chat(self, user: str, model: str = "demo-mini") -> httpx.Response:
        """Sends a message of the shared app's user."""
        messages = [{"role": "user", "content": "What is a coin slot?"}]
        return self.call("POST", "/chat/completions", {"model": model, "user": user, "messages": messages})

    def audit(self) -> str:
        """Returns what `coinslot audit` says of the books."""
        done = command("audit", "--data", str(self.data), DATABASE_URL=self.database_url)
        return (done.stdout + done.stderr).strip()
