"""Idempotency-Key across two processes on one PostgreSQL: a retry may ask either and gets the same bytes, once paid."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.emulators.upstream import RunningUpstream
from tests.support.server import Demo, command

pytestmark = pytest.mark.postgres

SLOW = {True: "ok:100:20", False: "slow-first"}
"""Models whose answer takes two or three seconds, by whether it is streamed."""


@pytest.fixture
def charges(session_postgres_url: str, pair: tuple[Demo, Demo]) -> "Charges":
    return Charges(session_postgres_url)


class Charges:
    """What the database knows of charges."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._before = self._read()

    def since(self) -> tuple[int, Fraction]:
        """Returns how many requests were charged since the test began, and how much."""
        count, nanos = self._read()
        return count - self._before[0], Fraction(nanos - self._before[1], 10**9)

    def _read(self) -> tuple[int, int]:
        engine = create_engine(self._url)
        with engine.connect() as connection:
            count, nanos = connection.execute(
                text("SELECT count(*), coalesce(sum(charge_nanos), 0) FROM request WHERE charge_nanos > 0")
            ).one()
        engine.dispose()
        return int(count), int(nanos)

    def audit(self, demo: Demo) -> str:
        return command("audit", "--data", str(demo.data), DATABASE_URL=self._url).stdout.strip()


def check_one_charge(demo: Demo, user: str, charges: Charges, emulated: RunningUpstream) -> None:
    assert len(emulated.seen()) == 1
    assert demo.held(user) == 0
    assert charges.since() == (1, 5 - demo.spendable(user)) and demo.spendable(user) < 5
    assert charges.audit(demo) == "The books balance."


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_the_other_process_gives_the_answer_again(
    pair: tuple[Demo, Demo], charges: Charges, emulated: RunningUpstream, stream: bool, first: int
) -> None:
    """Only two processes on one database show that an answer is kept in it, not in memory."""
    emulated.reset()
    asked, other = pair[first], pair[1 - first]
    user = asked.new_user()
    answer = asked.chat("ok", user, stream=stream, key="k")
    again = [server.chat("ok", user, stream=stream, key="k") for server in (other, asked, other)]
    assert "idempotent-replayed" not in answer.headers
    assert [retry.headers.get("idempotent-replayed") for retry in again] == ["true"] * 3
    assert {retry.content for retry in again} == {answer.content}
    assert {retry.headers["content-type"] for retry in again} == {answer.headers["content-type"]}
    check_one_charge(asked, user, charges, emulated)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [False, True])
def test_the_other_process_waits_for_the_answer_that_is_being_made(
    pair: tuple[Demo, Demo], charges: Charges, emulated: RunningUpstream, stream: bool
) -> None:
    """Only two processes on one database show that who waits is told by it, not by memory."""
    emulated.reset()
    one, two = pair
    user, model = one.new_user(), SLOW[stream]
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(one.chat, model, user, stream=stream, key="k")
        wait_until_seen(emulated, first)
        retries = [threads.submit(two.chat, model, user, stream=stream, key="k") for _ in range(2)]
    answers = [first.result(), *(retry.result() for retry in retries)]
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true", "true"]
    assert len({answer.content for answer in answers}) == 1
    assert not stream or answers[0].text.endswith("data: [DONE]\n\n")
    check_one_charge(one, user, charges, emulated)


def wait_until_seen(emulated: RunningUpstream, asking: "Future[httpx.Response]") -> None:
    end = time.monotonic() + 60
    while not emulated.seen():
        assert time.monotonic() < end and not asking.done()
        time.sleep(0.02)
    assert emulated.seen()[0]["outcome"] == "running"


def test_who_asks_both_at_once_pays_one_of_them(
    pair: tuple[Demo, Demo], charges: Charges, emulated: RunningUpstream
) -> None:
    emulated.reset()
    user = pair[0].new_user()
    together = threading.Barrier(8)

    def ask(number: int) -> httpx.Response:
        together.wait(60)
        return pair[number % 2].chat("ok:6:120", user, stream=True, key="k")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8, answers
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7
    check_one_charge(pair[0], user, charges, emulated)


@pytest.mark.parametrize("stream", [False, True])
def test_the_other_process_refuses_the_key_with_another_body(pair: tuple[Demo, Demo], stream: bool) -> None:
    one, two = pair
    user = one.new_user()
    assert one.chat("ok", user, stream=stream, key="k").status_code == 200
    refused = two.chat("ok", user, stream=stream, temperature=0.5, key="k")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "idempotency_key_reused")
