"""Runs the product as a process of its own, as its users do, and speaks to it over HTTP."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import openai
from openai.types.chat import ChatCompletionMessageParam
from sqlalchemy import create_engine, text

from tests.journeys.pages import for_apps, wait_for_instance
from tests.support import forked, migrated
from tests.support.forked import Started
from tests.support.ports import free_port

ROOT = Path(__file__).parent.parent.parent
STOP_SECONDS_MAX = 40
COMMAND_SECONDS_MAX = 120
UPSTREAM_KEY = "sk-operators-own-0123456789"
"""What the server pays its emulated upstream with, where a test looks for it in what others are told."""
QUESTION: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is a coin slot?"}]

_users = count()


@dataclass
class Demo:
    """A running demo; `key` is its default-mode paywall's, `shared_key` its shared one's."""

    base_url: str
    key: str
    data: Path
    process: Started
    log: Path
    shared_key: str = ""

    @property
    def shared(self) -> "Demo":
        """The same server, as the shared paywall's app sees it."""
        return replace(self, key=self.shared_key)

    @property
    def api_base(self) -> str:
        return f"{self.base_url}/v1"

    @contextmanager
    def client(self, retries: int = 0) -> Iterator[openai.OpenAI]:
        """Yields the official SDK, base URL and key changed and nothing else; by itself it repeats nothing.

        One that nobody closes is in a circle with its connections: whether it still closes them, or Python finds
        them open first, is chance.
        """
        with openai.OpenAI(base_url=self.api_base, api_key=self.key, max_retries=retries) as made:
            yield made

    def headers(self, **more: str) -> dict[str, str]:
        """Returns the headers of a call; `X_Paywall_User` becomes `X-Paywall-User`."""
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **named}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.api_base + path, headers=self.headers(**headers), timeout=60)

    def post(self, path: str, body: Any = None, *, content: bytes | None = None, **headers: str) -> httpx.Response:
        if content is None:
            return httpx.post(self.api_base + path, json=body, headers=self.headers(**headers), timeout=60)
        return httpx.post(self.api_base + path, content=content, headers=self.headers(**headers), timeout=60)

    def chat(self, model: str, user: str | None, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Sends a chat request as plain HTTP, with an Idempotency-Key if one is given."""
        body = {"model": model, "messages": QUESTION, **({"user": user} if user else {}), **more}
        headers = self.headers(Idempotency_Key=key) if key else self.headers()
        return httpx.post(self.api_base + "/chat/completions", json=body, headers=headers, timeout=60)

    def new_user(self, amount: str | None = "5") -> str:
        """Returns a user that nobody had before, with money unless `amount` is None."""
        user = f"user-{next(_users)}"
        if amount is not None:
            self.post("/user/balance/deposit", {"user": user, "amount": amount}).raise_for_status()
        return user

    def spendable(self, user: str) -> Fraction:
        return Fraction(self.get(f"/user/balance?user={user}").json()["spendable"])

    def held(self, user: str) -> Fraction:
        return Fraction(self.get(f"/user/balance?user={user}").json()["held"])

    def receipt(self, request_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(f"/requests/{request_id}").raise_for_status().json()
        return answer

    def rows(self) -> Mapping[str, int]:
        """Returns how many rows each table has, without what jobs do and what is noted behind an answer.

        Nothing was written if that is unchanged.
        """
        engine = create_engine(f"sqlite:///{self.data / 'coinslot.db'}")
        with engine.connect() as connection:
            names = connection.scalars(
                text(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                    " AND name NOT IN ('ledger_delta', 'lease', 'job_run', 'funnel_round', 'paywall_rollup')"
                    " AND name NOT LIKE 'rollup%' AND name NOT IN ('safety_mark')"
                    " AND name NOT LIKE 'audit%'"
                )
            ).all()
            found = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in names}  # noqa: S608
        engine.dispose()
        return found

    def audit(self) -> str:
        """Returns what `coinslot audit` says of the books."""
        done = command("audit", "--data", str(self.data))
        return (done.stdout + done.stderr).strip()

    def stop(self) -> int:
        """Stops it as an operator does, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS_MAX)

    def kill(self) -> None:
        """Kills it as the machine does."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    data: Path,
    *options: str,
    port: int | None = None,
    files_max: int | None = None,
    from_nothing: bool = False,
    **environment: str,
) -> Iterator[Demo]:
    """Runs a demo without pages on a free port; `environment` are COINSLOT_* without the prefix (`for_apps`).

    It may have `files_max` files open, if that is said. A new one begins with a database that is migrated already, or
    `from_nothing`, as its first users do.
    """
    if not (from_nothing or "--fresh" in options or "DATABASE_URL" in environment):
        migrated.copy_to(data)
    chosen = {**os.environ, **for_apps(environment)}
    arguments = ["demo", "--no-web", "--data", str(data), "--port", str(port or free_port()), *options]
    log = Path(tempfile.mkstemp(prefix="coinslot-", suffix=".log")[1])
    instance = data / "instance.json"
    instance.unlink(missing_ok=True)  # one that was killed leaves its own behind
    with log.open("wb") as output:
        process: Started
        if files_max is None:
            process = forked.start(arguments, chosen, output.fileno(), output.fileno())
        else:
            limited = ["sh", "-c", f'ulimit -n {files_max} && exec "$@"', "sh", sys.executable, "-m", "app.cli"]
            process = subprocess.Popen([*limited, *arguments], cwd=ROOT, env=chosen, stdout=output, stderr=output)
        try:
            found = wait_for_instance(instance, process)
            keys = {mode: paywall["key"] for mode, paywall in found["paywalls"].items()}
            yield Demo(found["base_url"], keys["default"], data, process, log, keys["shared"])
        finally:
            process.terminate()
            process.wait(STOP_SECONDS_MAX)
            log.unlink()


def command(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs `coinslot` to its end."""
    chosen = {**os.environ, **{f"COINSLOT_{name}": value for name, value in environment.items()}}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        status = forked.start(arguments, chosen, output.fileno(), errors.fileno()).wait(COMMAND_SECONDS_MAX)
        said = [file.read() for file in (output, errors) if file.seek(0) == 0]
    return subprocess.CompletedProcess(arguments, status, *said)


def arithmetic(receipt: Mapping[str, Any]) -> Fraction:
    """Works a charge out again from its receipt: exact lines, markup, rounded once to nanos, half up; minimum."""
    exact = sum((Fraction(line["amount"]) for line in receipt["lines"]), Fraction(0))
    for line in receipt["lines"]:
        assert Fraction(line["amount"]) == line["tokens"] * Fraction(line["price_per_million"]) / 1_000_000
    exact *= 1 + Fraction(receipt["markup_percent"]) / 100
    return max(Fraction(int(exact * 10**9 + Fraction(1, 2)), 10**9), Fraction(receipt["minimum"]))
