"""Two real servers on one PostgreSQL and one Redis keep one set of limits, also when one or the other is killed."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from app import db, settings
from app.domain.money import Environment
from app.domain.paywalls import keys
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limit_overrides import set_override
from app.domain.paywalls.limits import Limits, PaywallLimits, Scope
from app.domain.paywalls.provider import ProviderSetting
from app.flows.upkeep.audit import audit
from tests.emulators import redis_server, upstream
from tests.support import books, forked
from tests.support.books import PRICE, make_paywall
from tests.support.forked import Started
from tests.support.ports import free_port
from tests.support.server import QUESTION
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.redis]

LEASE_SECONDS = 4
LONG, SHORT = "paused:8", "ok"
"""An answer that comes to its end when it is told to, and one that does at once."""
SEES_SECONDS = 2
"""After so long every server goes by what was changed beside it: a second, and what a busy machine adds."""

_users = count()


@dataclass
class Server:
    """One process, and a key of the paywall that it serves."""

    base_url: str
    key: str
    process: Started

    def wait_until_ready(self) -> None:
        for _ in range(500):
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.base_url}/readyz").status_code == 200:
                    return
            time.sleep(0.2)
        raise AssertionError("A server did not start.")

    @contextmanager
    def client(self) -> Iterator[openai.OpenAI]:
        """Yields the official SDK, which repeats what it is told to repeat."""
        with openai.OpenAI(base_url=f"{self.base_url}/v1", api_key=self.key, max_retries=6) as made:
            yield made

    def chat(self, user: str, model: str = SHORT, **more: Any) -> httpx.Response:
        body = {"model": model, "user": user, "messages": QUESTION, "max_tokens": 100, **more}
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.post(f"{self.base_url}/v1/chat/completions", json=body, headers=headers, timeout=60)

    def new_user(self) -> str:
        user = f"user-{next(_users)}"
        body, headers = {"user": user, "amount": "5"}, {"Authorization": f"Bearer {self.key}"}
        httpx.post(f"{self.base_url}/v1/user/balance/deposit", json=body, headers=headers).raise_for_status()
        return user

    def stream(self, user: str) -> threading.Thread:
        """Begins a long answer in the background, and returns once it has begun."""
        begun = threading.Event()

        def read() -> None:
            body = {"model": LONG, "user": user, "messages": QUESTION, "max_tokens": 100, "stream": True}
            headers = {"Authorization": f"Bearer {self.key}"}
            address = f"{self.base_url}/v1/chat/completions"
            try:
                with httpx.stream("POST", address, json=body, headers=headers, timeout=60) as answer:
                    for _ in answer.iter_lines():
                        begun.set()
            except httpx.TransportError:
                begun.set()

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        assert begun.wait(60)
        return thread


@contextmanager
def serving(key: str, data: Path, policy: str, environment: dict[str, str]) -> Iterator[Server]:
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    chosen = {**os.environ, **environment, "COINSLOT_PUBLIC_URL": base_url, "COINSLOT_LIMITS_WITHOUT_REDIS": policy}
    arguments = ("serve", "--api-only", "--port", str(port), "--data", str(data))
    process = forked.start(arguments, chosen, 1, 2)
    try:
        yield Server(base_url, key, process)
    finally:
        process.kill()
        process.wait()


def make_limited(base_url: str, limits: PaywallLimits) -> tuple[str, str]:
    """Creates a paywall in front of the emulator, and returns its id and a key."""
    key = keys.new_key(Environment.SANDBOX)
    prices = {model: replace(PRICE, model=model) for model in (LONG, SHORT)}
    with db.transaction() as session:
        paywall_id = make_paywall(session, prices, ProviderSetting("emulator", base_url))
        books.publish(session, paywall_id, replace(read_current(session, paywall_id)[1], limits=limits))
        keys.add_key(session, paywall_id, key)
    return paywall_id, key


@pytest.mark.slow
def test_two_servers_keep_one_set_of_limits_whatever_is_killed(migrated_postgres_url: str, data_dir: Path) -> None:
    """Only two real servers with a real Redis, each of them killed, show that limits are one set and come back."""
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    limits = PaywallLimits(user=Limits(requests_per_minute=20, concurrency=40))
    with upstream.running() as emulated, redis_server.running() as redis:
        paywall_id, key = make_limited(emulated.base_url, limits)
        environment = {
            "COINSLOT_DATABASE_URL": migrated_postgres_url,
            "COINSLOT_REDIS_URL": redis.url,
            "COINSLOT_LEASE_SECONDS": str(LEASE_SECONDS),
            "COINSLOT_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        with serving(key, data_dir, "open", environment) as one, serving(key, data_dir, "closed", environment) as two:
            one.wait_until_ready()
            two.wait_until_ready()
            _sixty_four_connections_get_one_limit(one, two)
            _the_sdk_waits_as_long_as_it_is_told_and_succeeds(one, two, paywall_id, emulated)
            emulated.reset()
            _slots_of_a_killed_server_run_out(one, two, paywall_id, redis, emulated)
    with db.transaction(writes=False) as session:
        assert list(audit(session)) == []
    db.dispose()


def _sixty_four_connections_get_one_limit(one: Server, two: Server) -> None:
    user, began = one.new_user(), time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda number: (one, two)[number % 2].chat(user), range(64)))
    took = time.monotonic() - began
    assert took < 50, "a minute that is over lets others through"
    let_through = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(let_through), len(refused)) == (20, 44)
    assert {answer.headers["x-ratelimit-limit-requests"] for answer in answers} == {"20"}
    remaining = sorted(int(answer.headers["x-ratelimit-remaining-requests"]) for answer in let_through)
    assert remaining == list(range(20)), "no two requests were counted as the same one"
    for answer in refused:
        assert answer.json()["error"]["code"] == "requests_per_minute"
        assert 58 - took <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-paywall-action"] == "none"
        assert 57 - took <= _seconds(answer.headers["x-ratelimit-reset-requests"]) <= 61


def _seconds(text: str) -> int:
    """Reads `59s` or `1m1s`."""
    minutes, _, rest = text.rpartition("m")
    return 60 * int(minutes or 0) + int(rest.removesuffix("s"))


def _the_sdk_waits_as_long_as_it_is_told_and_succeeds(
    one: Server, two: Server, paywall_id: str, emulated: upstream.RunningUpstream
) -> None:
    user = one.new_user()
    with db.transaction() as session:
        set_override(session, paywall_id, Scope.USER, user, Limits(concurrency=1))
    time.sleep(SEES_SECONDS)
    long = one.stream(user)
    assert two.chat(user).json()["error"]["code"] == "concurrency"
    began = time.monotonic()
    threading.Timer(1.5, emulated.go).start()
    with two.client() as client:
        answer = client.chat.completions.create(model=SHORT, user=user, messages=QUESTION, max_tokens=50)
    assert answer.choices[0].message.content and time.monotonic() - began >= 1
    long.join(60)
    with db.transaction() as session:
        set_override(session, paywall_id, Scope.USER, user, Limits(tokens_per_request=20))
    time.sleep(SEES_SECONDS)
    began = time.monotonic()
    with two.client() as client, pytest.raises(openai.RateLimitError) as reached:
        client.chat.completions.create(model=SHORT, user=user, messages=[*QUESTION] * 30)
    assert (reached.value.code, time.monotonic() - began < 30) == ("tokens_per_request", True), "no wait would help"


def _slots_of_a_killed_server_run_out(
    one: Server, two: Server, paywall_id: str, redis: redis_server.RedisServer, emulated: upstream.RunningUpstream
) -> None:
    user, other = one.new_user(), one.new_user()
    with db.transaction() as session:
        set_override(session, paywall_id, Scope.USER, user, Limits(concurrency=2))
    time.sleep(SEES_SECONDS)
    long = [one.stream(user) for _ in range(2)]
    assert two.chat(user).json()["error"]["code"] == "concurrency"
    redis.kill()
    assert two.chat(other).status_code == 503, "closed"
    assert one.chat(other).status_code == 200, "open"
    redis.start()
    wait_until(lambda: two.chat(other).status_code == 200, 0.2)  # it is back, and nobody was asked to do anything
    emulated.go()
    for thread in long:
        thread.join(60)
    emulated.reset()
    long = [one.stream(user) for _ in range(2)]
    assert two.chat(user).status_code == 429
    one.process.kill()
    wait_until(lambda: two.chat(user).status_code == 200, 0.2)
    emulated.go()
    for thread in long:
        thread.join(60)
