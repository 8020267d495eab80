"""All that a stranger can do, at once, while honest clients chat: nobody waits, nothing stays, the books balance.

Bounded in time and number, and to this machine. `tests/run --long` gives it the machine alone, because it looks at the
clock.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.hostile import Stranger
from tests.journeys.pages import ROOT, demo_with_pages
from tests.journeys.strangers import handlers

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(240)]

HONEST = 16
SECONDS = 60
ANSWER_SECONDS_MAX = 2
CALM_SECONDS_MAX = 30
GROWTH_BYTES_MAX = 60 * 1024 * 1024


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    data = tmp_path_factory.mktemp("soak")
    with demo_with_pages(data) as said:
        yield {**said, "data": data}


def memory_of(pid: int) -> int:
    """Returns the resident memory of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Honest:
    """Somebody who pays and chats, one message after another."""

    def __init__(self, base_url: str, key: str, number: int) -> None:
        self.seconds: list[float] = []
        self._url, self._user = base_url, f"rich-{number}"
        self._headers = {"Authorization": f"Bearer {key}"}

    async def pay(self, session: aiohttp.ClientSession) -> None:
        """Has money put into the wallet."""
        body = {"user": self._user, "amount": "50"}
        async with session.post(f"{self._url}/v1/user/balance/deposit", json=body, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()

    async def chat(self, session: aiohttp.ClientSession, seconds: float) -> None:
        """Chats for as long as that."""
        body = {"model": "demo-mini", "user": self._user, "max_tokens": 20,
                "messages": [{"role": "user", "content": "Hello"}]}  # fmt: skip
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begun = time.monotonic()
            async with session.post(f"{self._url}/v1/chat/completions", json=body, headers=self._headers) as answer:
                said = await answer.json()
                assert answer.status == 200 and answer.headers["x-paywall-action"] == "none", said
            self.seconds.append(time.monotonic() - begun)
            await asyncio.sleep(0.2)


async def test_strangers_hold_nobody_up_and_leave_nothing_behind(instance: dict[str, Any]) -> None:
    base_url, key, pid = instance["base_url"], instance["paywalls"]["default"]["key"], instance["pid"]
    people = [Honest(base_url, key, number) for number in range(HONEST)]
    stranger = Stranger(base_url, key, [name for name, _ in handlers()])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(person.pay(session) for person in people))
        await asyncio.gather(*(person.chat(session, 1) for person in people))
        before = memory_of(pid)
        for person in people:
            person.seconds.clear()
        attacks = [stranger.repeat(wave, SECONDS) for wave in stranger.everything()]
        await asyncio.gather(*attacks, *(person.chat(session, SECONDS) for person in people))
    waited = sorted(second for person in people for second in person.seconds)
    print(f"{len(waited)} answers, p50 {waited[len(waited) // 2]:.2f} s, worst {waited[-1]:.2f} s; {stranger.waves}")
    assert all(stranger.waves.get(wave.__name__) for wave in stranger.everything()), stranger.waves
    assert waited[-1] < ANSWER_SECONDS_MAX, waited[-10:]
    grown = await _calmed(pid, before)
    print(f"grew by {grown / 1e6:.0f} MB from {before / 1e6:.0f} MB")
    assert grown <= GROWTH_BYTES_MAX


async def _calmed(pid: int, before: int) -> int:
    """Returns by how much a process has grown once that has come down, or after a while."""
    grown = memory_of(pid) - before
    for _ in range(CALM_SECONDS_MAX):
        if grown <= GROWTH_BYTES_MAX:
            break
        await asyncio.sleep(1)
        grown = memory_of(pid) - before
    return grown


def test_the_books_balance_behind_them(instance: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "app.cli", "audit", "--data", str(instance["data"])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, (done.stdout + done.stderr).strip()) == (0, "The books balance.")
