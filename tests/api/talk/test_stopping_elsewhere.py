"""A stop that lands at another process than the one that answers: it reaches that one, and nobody else's answer."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app import db
from app.domain.people import account_keys, sessions
from app.domain.people.accounts import email_identity, enter
from app.flows.upkeep.audit import audit
from tests.emulators import upstream
from tests.support.faulty import A, B, C, Faulty, running_faulty
from tests.support.paid import using
from tests.support.server import QUESTION, Demo, running
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
HEARD_SECONDS_MAX = 3
"""So soon behind a stop the leg has ended; it is a half of a second, and machines may be busy."""
WORDS, PAUSE_MILLISECONDS = 400, 20


@dataclass
class Pair:
    """Two processes on one database: one answers, the other hears the stop. `cookies` are sessions at either."""

    answers: Faulty
    other: Demo
    url: str
    data: Path
    cookies: dict[str, str]

    def stop(self, request_id: str, leg: int, who: str = "owner") -> tuple[int, bool | None]:
        """Presses the button of a leg at the process that does not answer."""
        headers = {"Sec-Fetch-Site": "same-origin", "Cookie": f"coinslot_session={self.cookies.get(who, 'nobody')}"}
        answer = httpx.post(f"{self.other.base_url}/talk/stop/{request_id}/{leg}", headers=headers, timeout=60)
        return answer.status_code, answer.json().get("stopped")

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Returns what the database says."""
        with using(self.url, self.data), db.transaction(writes=False) as session:
            return [tuple(row) for row in session.execute(text(statement), values)]

    def check_books(self) -> None:
        """Fails unless the books balance and nothing is held."""
        with using(self.url, self.data), db.transaction(writes=False) as session:
            assert list(audit(session)) == []
        assert self.rows("SELECT count(*) FROM ledger_hold WHERE status = 'open'") == [(0,)]


@pytest.fixture(scope="module")
def pair(own_postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    chosen: dict[str, Any] = {"LEASE_SECONDS": "2", "SECRET_KEY": "shared", "DATABASE_URL": own_postgres_url}
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    with ExitStack() as stack:
        emulated = stack.enter_context(upstream.running())
        faulty = stack.enter_context(running_faulty(first, emulated, **chosen))
        other = stack.enter_context(running(second, "--upstream", emulated.base_url, CREDITS="true", **chosen))
        yield Pair(faulty, other, own_postgres_url, first, signed_in(faulty.account_key, own_postgres_url, first))


def signed_in(account_key: str, url: str, data: Path) -> dict[str, str]:
    """Returns the sessions of a key's owner and of a stranger."""
    with using(url, data), db.transaction() as session:
        owner = account_keys.find_owner(session, account_key)
        assert owner is not None
        stranger, _ = enter(session, (email_identity("eve@example.org"),))
        people = {"owner": owner.account_id, "eve": stranger}
        return {
            who: sessions.open_session(session, account_id, "email", None, "Firefox", "10.0.0.1")
            for who, account_id in people.items()
        }


@contextmanager
def comparing(pair: Pair, *models: str) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Asks models side by side at the process that answers, and yields the request's id and the events as they come."""
    body = {"models": models, "messages": QUESTION, "max_tokens": WORDS}
    url, headers = f"{pair.answers.demo.base_url}/api/v1/compare", pair.answers.client.headers
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as answer:
        said = (json.loads(line[5:]) for line in answer.iter_lines() if line.startswith("data:"))
        yield answer.headers["x-request-id"], said


def test_a_leg_is_stopped_at_another_process_and_what_it_said_is_charged_once(pair: Pair) -> None:
    """Only two processes show that a stop reaches the other one, and when."""
    pair.answers.become(a="ok:8", b=f"ok:{WORDS}:{PAUSE_MILLISECONDS}")
    words, stopped_at, said = 0, 0.0, list[dict[str, Any]]()
    with comparing(pair, A, B) as (request_id, events):
        for event in events:
            said.append(event)
            words += event.get("leg") == 1 and bool(event.get("delta"))
            if words == 5 and not stopped_at:
                assert pair.stop(request_id, 1) == (200, True)
                assert pair.stop(request_id, 1)[0] in {200, 404}
                stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < HEARD_SECONDS_MAX
    ended = {one["leg"]: (one["status"], one["reason"]) for one in said if one.get("event") == "leg"}
    assert ended == {0: ("answered", None), 1: ("cut", "stopped")}
    assert 5 <= words < WORDS // 2
    wait_until(lambda: "disconnected" in pair.answers.outcomes())
    receipt = pair.answers.receipt(request_id)
    second = receipt["legs"][1]
    assert receipt["status"] == "settled" and Fraction(receipt["charge"]) == sum(
        Fraction(leg["charge"]) for leg in receipt["legs"]
    )
    assert second["reason"] == "stopped" and words <= second["tokens"] < WORDS // 2
    assert said[-1]["credits_charged"] == int(receipt["charge"])
    assert pair.rows("SELECT count(*) FROM leg_stop") == [(0,)]
    pair.check_books()


def test_nobody_stops_a_strangers_answer_nor_what_is_no_leg_of_one_that_runs(pair: Pair) -> None:
    """Only two processes have an answer that is not here, which is where rights could be forgotten."""
    pair.answers.become(a=f"ok:60:{PAUSE_MILLISECONDS}", b=f"ok:60:{PAUSE_MILLISECONDS}")
    with comparing(pair, A, B) as (request_id, events):
        next(events)
        assert [pair.stop(request_id, 1, who)[0] for who in ("eve", "nobody")] == [404, 401]
        assert [pair.stop(request_id, leg)[0] for leg in (2, 99)] == [404, 404]
        assert [pair.stop(one, 0)[0] for one in ("req_none", request_id[:-1], "a%00b")] == [404, 404, 400]
        # Whoever could write the wish by hand for somebody else is not obeyed either.
        assert pair.rows("SELECT count(*) FROM leg_stop") == [(0,)]
        with using(pair.url, pair.data), db.transaction() as session:
            session.execute(text("INSERT INTO leg_stop VALUES (:id, 0, 'acct_eve', 0)"), {"id": request_id})
        ended = {one["leg"]: one["status"] for one in events if one.get("event") == "leg"}
    assert ended == {0: "answered", 1: "answered"}
    assert pair.stop(request_id, 0)[0] == 404
    with httpx.Client(base_url=pair.answers.demo.base_url, headers=pair.answers.client.headers, timeout=60) as client:
        chat = client.post("/api/v1/chat", json={"model": A, "messages": QUESTION, "max_tokens": 8, "stream": False})
    assert pair.stop(chat.headers["x-request-id"], 0)[0] == 404
    assert pair.rows("SELECT count(*) FROM leg_stop") == [(0,)]
    pair.check_books()


def test_a_process_that_dies_with_a_stop_on_its_way_leaves_what_was_metered_and_no_more(pair: Pair) -> None:
    """Only a process that is really killed leaves a stop that nobody takes."""
    pair.answers.become(a="ok:8", b=f"ok:{WORDS}:{PAUSE_MILLISECONDS}", c="hung")
    with comparing(pair, A, B, C) as (request_id, events):
        while not any(one.get("event") == "leg" for one in events):
            pass
        next(events)
        pair.answers.demo.kill()
        assert pair.stop(request_id, 1) == (200, True) and pair.stop(request_id, 1) == (200, True)
    wait_until(lambda: pair.rows("SELECT status FROM request WHERE id = :id", id=request_id) == [("interrupted",)])
    charged = pair.rows("SELECT charge_nanos FROM request_leg WHERE request_id = :id ORDER BY leg", id=request_id)
    assert charged[0][0] > 0 and charged[1:] == [(0,), (0,)]
    assert pair.stop(request_id, 1)[0] == 404
    assert pair.rows("SELECT request_id, leg FROM leg_stop") == [(request_id, 1)], "an hour later it is forgotten"
    pair.check_books()
