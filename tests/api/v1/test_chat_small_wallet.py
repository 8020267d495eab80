"""Many streams at once on one small wallet: it never goes below zero, and every stream ends as an SDK expects it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import httpx
import pytest

from tests.support.server import Demo, arithmetic, command
from tests.support.spec import check_chunk

STREAMS = 24
MODEL, WORDS = "obedient:3000", 3_000
"""What each would say comes to $0.0072, all of it to eight times what the wallet has."""
WALLET = "0.02"


@dataclass(frozen=True)
class Ended:
    """How one stream ended, as its client saw it: whole, stopped for money, or a link instead."""

    kind: str
    request_id: str


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def servers(request: pytest.FixtureRequest) -> tuple[tuple[Demo, ...], dict[str, str]]:
    """The processes to ask, and what the command line is told of their database."""
    if request.param == "sqlite":
        return (request.getfixturevalue("demo"),), {}
    return request.getfixturevalue("pair"), {"DATABASE_URL": request.getfixturevalue("session_postgres_url")}


@pytest.mark.slow
def test_many_streams_spend_what_there_is_and_no_more(servers: tuple[tuple[Demo, ...], dict[str, str]]) -> None:
    """Only many streams at once, on a wallet that is too small for them, meet in every step of the meter."""
    asked, environment = servers
    user = asked[0].new_user(WALLET)
    together, is_over = threading.Barrier(STREAMS), threading.Event()

    def read(number: int) -> Ended:
        together.wait(120)
        return ended(asked[number % len(asked)].chat(MODEL, user, stream=True, max_tokens=WORDS + 600))

    def watch() -> list[Fraction]:
        seen = []
        while not is_over.wait(0.05):
            seen.append(asked[0].spendable(user))
        return seen

    with ThreadPoolExecutor(STREAMS + 1) as threads:
        watching = threads.submit(watch)
        try:
            ends = list(threads.map(read, range(STREAMS)))
        finally:
            is_over.set()
    receipts = [asked[0].receipt(end.request_id) for end in ends if end.kind != "link"]
    for receipt in receipts:
        assert (receipt["status"], Fraction(receipt["shortfall"])) == ("settled", 0)
        assert Fraction(receipt["charge"]) == arithmetic(receipt) > 0
    spent = sum(Fraction(receipt["charge"]) for receipt in receipts)
    assert all(spendable >= 0 for spendable in watching.result())
    assert asked[0].spendable(user) == Fraction(WALLET) - spent >= 0 and asked[0].held(user) == 0
    assert {"link"} < {end.kind for end in ends}, "the wallet was too small for all and large enough for some"
    done = command("audit", "--data", str(asked[0].data), **environment)
    assert (done.stdout + done.stderr).strip() == "The books balance."


def ended(answer: httpx.Response) -> Ended:
    """Returns how a stream ended. Fails unless it did so properly."""
    assert answer.status_code == 200 and answer.text.endswith("data: [DONE]\n\n"), answer.text[-500:]
    chunks: list[dict[str, Any]] = [json.loads(line[6:]) for line in answer.text.split("\n\n") if "data: {" in line]
    for chunk in (chunks[0], *chunks[-3:]):
        check_chunk(chunk)
    said = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    finish = chunks[-1]["choices"][0]["finish_reason"]
    request_id = answer.headers["x-request-id"]
    if answer.headers["x-paywall-action"] == "topup":
        assert finish == "stop" and "/topup/" in said and "coin drops" not in said
        return Ended("link", request_id)
    text, _, last = said.partition("\n\n")
    if finish == "length":
        assert "/topup/" in last and 0 < len(text.split()) < WORDS
        assert chunks[-1]["paywall"]["action"] == "topup"
        return Ended("stopped", request_id)
    assert (finish, last, len(text.split())) == ("stop", "", WORDS)
    return Ended("whole", request_id)
