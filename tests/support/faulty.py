"""A real server that offers credits, in front of an upstream whose models fail as they are told, and who pays there."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.emulators.upstream import RunningUpstream
from tests.support.paid import pay_with_key
from tests.support.server import QUESTION, Demo, running

A, B, C = "ok", "echo", "tools"
"""Models that an upstream offers; how they behave is said by `become`."""
PAID_CREDITS = 9_000


@dataclass
class Faulty:
    """The server as somebody sees it who has paid for credits; `account_key` is theirs."""

    demo: Demo
    upstream: RunningUpstream
    account_key: str
    client: httpx.Client
    begun: list[str] = field(default_factory=list)

    def become(self, **behaviours: str) -> None:
        """Forgets what the upstream saw, and says how its models behave from now on, by `a`, `b` and `c`."""
        self.upstream.reset()
        self.upstream.become(**{{"a": A, "b": B, "c": C}[name]: how for name, how in behaviours.items()})

    def ask(self, mode: str, **body: Any) -> httpx.Response:
        """Asks to the end."""
        return self.client.post(f"/api/v1/{mode}", json={"messages": QUESTION, "max_tokens": 400, **body})

    def receipt(self, request_id: str) -> Mapping[str, Any]:
        """Returns the receipt of a request, once nothing of it is held any more."""
        end = time.monotonic() + 30
        while True:
            found: dict[str, Any] = self.client.get(f"/v1/requests/{request_id}").raise_for_status().json()
            if found["status"] != "running":
                return found
            assert time.monotonic() < end, found
            time.sleep(0.02)

    def paid(self) -> int:
        """Returns how many credits there are; nothing is held of them."""
        found = self.client.get("/api/v1/credits/wallet").raise_for_status().json()
        assert found["held"] == 0, found
        return int(found["balance"])

    def outcomes(self) -> list[str]:
        """Returns how each request ended that the upstream saw, as it sees it."""
        return [outcome for _, outcome in self.upstream.ends()]


def events(text: str) -> list[dict[str, Any]]:
    """Returns what a stream says, cut where the npm client cuts it."""
    *lines, _rest = text.split("\\n")
    return [json.loads(line.strip()[5:]) for line in lines if line.strip().startswith("data:")]


@contextmanager
def running_faulty(data: Path, upstream: RunningUpstream, *, is_new: bool = True, **chosen: Any) -> Iterator[Faulty]:
    """Runs a server with settings as `running`; somebody pays for credits if it `is_new`."""
    with running(data, "--upstream", upstream.base_url, CREDITS="true", **chosen) as demo:
        made = json.loads((data / "instance.json").read_text())
        key = made["account_key"]
        if is_new:
            pay_with_key(key, PAID_CREDITS, data, made["database_url"])
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=demo.base_url, headers=headers, timeout=60) as client:
            try:
                yield Faulty(demo, upstream, key, client)
            finally:
                upstream.reset()  # whoever asks it next knows its models as they are
