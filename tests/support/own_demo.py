"""A demo that offers credits, and its end user's own key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.server import Demo, running

FREE_CREDITS = 2_000
"""What somebody gets whose demo many tests share: more than they all spend, in whichever order they come."""


@dataclass(frozen=True)
class OwnDemo:
    """A demo with credits, what it says of itself, and a client with its end user's own key."""

    demo: Demo
    credits_id: str
    client: httpx.Client


@contextmanager
def running_with_credits(data: Path, trial_credits: str = "20", *options: str, **environment: Any) -> Iterator[OwnDemo]:
    """Runs a demo that offers credits, with settings as `running`; when it ends, its books balance."""
    with running(data, *options, CREDITS="", TRIAL_CREDITS=trial_credits, **environment) as demo:
        made = json.loads((data / "instance.json").read_text())
        headers = {"Authorization": f"Bearer {made['account_key']}"}
        with httpx.Client(base_url=demo.base_url, headers=headers, timeout=60) as client:
            yield OwnDemo(demo, made["credits"]["id"], client)
        assert demo.audit() == "The books balance."
