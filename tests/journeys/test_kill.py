"""`kill -9` at random moments of a real server under real load, again and again: the books must always balance."""

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, text

from app import db, settings
from app.domain.ledger.invariants import Finding
from app.domain.money import NANOS
from app.flows.paywalls.demo import SHARED_PAYWALL_ID
from app.flows.upkeep.audit import audit
from tests.emulators import upstream
from tests.support import crowd
from tests.support.handed import approve, mint_connect
from tests.support.server import QUESTION, Demo, running

LEASE_SECONDS = 2
USERS = 4
CLIENTS = 10
DEPOSIT = "50"


@dataclass
class Seen:
    """What the clients of one round were told."""

    charged: dict[str, Fraction] = field(default_factory=dict)
    """Charge by request id, of answers that came whole."""
    delivered: dict[str, int] = field(default_factory=dict)
    """Words that came by request id, of streams that did not."""
    deposits: list[str] = field(default_factory=list)
    of_shared: set[str] = field(default_factory=set)
    """Requests of the shared paywall's app."""
    unsure: list[tuple[str, str]] = field(default_factory=list)
    """(user, key) of deposits whose answer did not come."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """Sends one request after another until the server is gone, as one of the two apps."""

    def __init__(self, demo: Demo, seen: Seen, seed: int, *, is_shared: bool) -> None:
        super().__init__(daemon=True)
        self.demo = demo.shared if is_shared else demo
        self.is_shared = is_shared
        self.seen = seen
        self.random = random.Random(seed)

    def run(self) -> None:
        with httpx.Client(headers=self.demo.headers(), timeout=30) as http:
            while True:
                last = self.charge if self.is_shared else self.deposit
                act = self.random.choice((self.stream, self.stream, self.whole, self.charge, last))
                try:
                    act(http, f"user-{self.random.randrange(USERS)}")
                except httpx.TransportError:
                    return

    def body(self, user: str, model: str) -> dict[str, object]:
        return {"model": model, "user": user, "messages": QUESTION, "max_tokens": 200}

    def whole(self, http: httpx.Client, user: str) -> None:
        answer = http.post(f"{self.demo.api_base}/chat/completions", json=self.body(user, "ok"))
        self.note(answer.headers["x-request-id"], answer.json()["paywall"]["charge"])

    def stream(self, http: httpx.Client, user: str) -> None:
        body = self.body(user, "ok:40:5") | {"stream": True, "stream_options": {"include_usage": True}}
        request_id, words, charge = "", 0, None
        try:
            with http.stream("POST", f"{self.demo.api_base}/chat/completions", json=body) as answer:
                request_id = answer.headers["x-request-id"]
                self.mark(request_id)
                for line in answer.iter_lines():
                    if line == "data: [DONE]" and charge is not None:
                        self.note(request_id, charge)
                        return
                    if line.startswith("data: {"):
                        event = json.loads(line[6:])
                        words += sum(bool(choice["delta"].get("content")) for choice in event.get("choices", ()))
                        charge = event.get("paywall", {}).get("charge")
        finally:
            with self.seen.lock:
                if request_id and request_id not in self.seen.charged:
                    self.seen.delivered[request_id] = words

    def charge(self, http: httpx.Client, user: str) -> None:
        answer = http.post(f"{self.demo.api_base}/user/charge", json={"user": user, "amount": "0.001"})
        if answer.json()["success"]:
            self.note(answer.json()["id"], "0.001")

    def deposit(self, http: httpx.Client, user: str) -> None:
        key = f"{self.ident}-{self.random.random()}"
        try:
            answer = http.post(
                f"{self.demo.api_base}/user/balance/deposit",
                json={"user": user, "amount": "0.01"},
                headers={"Idempotency-Key": key},
            )
            with self.seen.lock:
                self.seen.deposits.append(answer.raise_for_status().json()["id"])
        except httpx.TransportError:
            with self.seen.lock:
                self.seen.unsure.append((user, key))
            raise

    def mark(self, request_id: str) -> None:
        if self.is_shared:
            with self.seen.lock:
                self.seen.of_shared.add(request_id)

    def note(self, request_id: str, charge: str) -> None:
        self.mark(request_id)
        with self.seen.lock:
            assert request_id not in self.seen.charged
            self.seen.charged[request_id] = Fraction(charge)


@pytest.fixture(scope="module")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the server is told of its database."""
    if request.param == "sqlite":
        return {}
    return {"DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_killed_at_any_moment_the_books_balance_and_every_answer_is_charged_once(
    tmp_path: Path, emulated: upstream.RunningUpstream, environment: dict[str, str], amount: Callable[[str], int]
) -> None:
    """Only a server that is really killed, with requests of all kinds under way, shows what each of them leaves."""
    rounds = amount("kill-rounds")
    seed = random.randrange(10**9)
    print(f"seed {seed}, {rounds} rounds")
    chance = random.Random(seed)
    data = tmp_path / "data"
    chosen: dict[str, Any] = {"LEASE_SECONDS": str(LEASE_SECONDS), **environment}
    paid, seen = Fraction(0), Seen()
    for turn in range(rounds + 1):
        with running(data, "--upstream", emulated.base_url, **chosen) as demo:
            if turn == 0:
                for number in range(USERS):
                    demo.post("/user/balance/deposit", {"user": f"user-{number}", "amount": DEPOSIT}).raise_for_status()
                    paid += Fraction(DEPOSIT)
                paid += prepare_shared(demo)
            paid += Fraction("0.01") * len(seen.deposits) + retry_deposits(demo, seen)
            check(demo, seen, paid, f"seed {seed}, round {turn}")
            seen = Seen()
            clients = [
                Client(demo, seen, chance.randrange(10**9), is_shared=bool(number % 2)) for number in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.05, 1.2))
            demo.kill()
            for client in clients:
                client.join(30)


def prepare_shared(demo: Demo) -> Fraction:
    """Gives every user of the shared paywall a person with money who allows it all; returns how much that is."""

    async def prepare() -> int:
        given = 0
        for number in range(USERS):
            person, _ = await crowd.sign_in(f"p{number}@example.org")
            crowd.top_up(person, 50 * NANOS)
            token = mint_connect(SHARED_PAYWALL_ID, f"user-{number}")
            await approve(crowd.MAILBOX, token, person, 1_000 * NANOS)
            given += crowd.purse(person).posted_nanos
        return given

    settings.configure(data=demo.data, database_url=_database_url(demo))
    db.dispose()
    given = asyncio.run(prepare())
    db.dispose()
    return Fraction(given, NANOS)


def retry_deposits(demo: Demo, seen: Seen) -> Fraction:
    """Asks again for the deposits whose answer did not come: each is there once now, however it ended before."""
    for user, key in seen.unsure:
        body = {"user": user, "amount": "0.01"}
        again = [demo.post("/user/balance/deposit", body, Idempotency_Key=key) for _ in range(2)]
        assert again[0].json()["id"] == again[1].json()["id"]
    return Fraction("0.01") * len(seen.unsure)


def check(demo: Demo, seen: Seen, paid: Fraction, where: str) -> None:
    """Fails unless nothing is held, every answer was charged once, and no broken one more than was delivered."""
    for _ in range(LEASE_SECONDS * 20):
        if not held_of_all(demo):
            break
        time.sleep(0.1)
    assert not held_of_all(demo), where
    for request_id, charge in seen.charged.items():
        receipt = receipt_of(demo, seen, request_id)
        assert sum(map(Fraction, receipt["split"].values())) == charge, where
        assert (receipt["status"], Fraction(receipt["charge"])) == ("settled", charge), where
    for request_id, words in seen.delivered.items():
        receipt = receipt_of(demo, seen, request_id)
        output = sum(line["tokens"] for line in receipt["lines"] if line["kind"] == "output")
        assert receipt["status"] in ("interrupted", "settled") and output <= max(words, 0) * 3 + 3, where
    assert findings(demo) == [], where
    left = sum(app.spendable(f"user-{number}") for app in (demo, demo.shared) for number in range(USERS))
    assert left + charged_in_all(demo) == paid, where


def held_of_all(demo: Demo) -> Fraction:
    """Returns what is held of all users, in both modes."""
    return sum((app.held(f"user-{number}") for app in (demo, demo.shared) for number in range(USERS)), Fraction(0))


def receipt_of(demo: Demo, seen: Seen, request_id: str) -> dict[str, Any]:
    """Returns the receipt of a request, as its own app reads it."""
    return (demo.shared if request_id in seen.of_shared else demo).receipt(request_id)


def findings(demo: Demo) -> list[Finding]:
    """Returns what the audit finds in the database that the server uses."""
    settings.configure(data=demo.data, database_url=_database_url(demo))
    db.dispose()
    with db.transaction(writes=False) as session:
        found = list(audit(session))
    db.dispose()
    return found


def charged_in_all(demo: Demo) -> Fraction:
    """Returns the sum of all charges that the database knows of."""
    engine = create_engine(_database_url(demo))
    with engine.connect() as connection:
        nanos = connection.scalar(text("SELECT sum(charge_nanos) FROM request")) or 0
    engine.dispose()
    return Fraction(int(nanos), 10**9)


def _database_url(demo: Demo) -> str:
    url: str = json.loads((demo.data / "instance.json").read_text())["database_url"]
    return url


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(240)
@pytest.mark.parametrize("lease_seconds", ["12", pytest.param("", marks=pytest.mark.long, id="default")])
def test_with_the_default_lease_a_lost_hold_is_closed_within_a_minute(
    tmp_path: Path, emulated: upstream.RunningUpstream, postgres_url: str, lease_seconds: str
) -> None:
    """On PostgreSQL nobody knows that a process is gone before its lease has ended, so only waiting shows it.

    Three quarters of a minute of waiting are for a long run; a short lease takes the same way in any.
    """
    options = ("--upstream", emulated.base_url)
    own: dict[str, Any] = {"LEASE_SECONDS": lease_seconds} if lease_seconds else {}
    with running(tmp_path / "one", *options, DATABASE_URL=postgres_url, SECRET_KEY="shared", **own) as one:
        user = one.new_user()
        body = {"model": "ok:400:20", "user": user, "messages": QUESTION, "stream": True}
        with httpx.stream("POST", f"{one.api_base}/chat/completions", json=body, headers=one.headers()) as answer:
            next(answer.iter_lines())
            one.kill()
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT count(*) FROM ledger_hold WHERE status = 'open'").fetchone() == (1,)
    with running(tmp_path / "two", *options, DATABASE_URL=postgres_url, SECRET_KEY="shared", **own) as two:
        for _ in range(60):
            time.sleep(1)
            if two.held(user) == 0:
                break
        assert (two.held(user), two.spendable(user)) == (0, 5)
        assert findings(two) == []
