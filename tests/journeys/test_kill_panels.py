"""`kill -9` of a real server that asks several models, of which some have answered: what is charged was metered.

The first time it is known what stood where; then panels of all kinds run at once and it dies at any moment.
"""

import json
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app import db
from app.flows.upkeep.audit import audit
from tests.emulators import upstream
from tests.support.faulty import PAID_CREDITS, A, B, C, Faulty, running_faulty
from tests.support.paid import using
from tests.support.server import QUESTION

FREE_CREDITS = 20
CLIENTS = 6
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("compare", {"models": [A, B, C]}), ("blend", {"models": [A, C], "synthesizer": B}),
    ("judge", {"contestants": [A, C], "judge": B}), ("chat", {"model": A, "routing": {"fallback": [B]}}),
    ("blend", {"models": [A, C, B], "strategy": "chain"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def emulated() -> Iterator[upstream.RunningUpstream]:
    with upstream.running() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def chosen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the server is told of its database."""
    if request.param == "sqlite":
        return {"LEASE_SECONDS": "2"}
    return {"LEASE_SECONDS": "2", "SECRET_KEY": "shared", "DATABASE_URL": request.getfixturevalue("postgres_url")}


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_killed_panel_is_charged_what_was_metered_of_the_legs_that_had_answered(
    tmp_path: Path, emulated: upstream.RunningUpstream, chosen: dict[str, Any], amount: Callable[[str], int]
) -> None:
    """Only a server that is really killed, with some legs answered and some running, shows what it leaves."""
    data = tmp_path / "data"
    with running_faulty(data, emulated, **chosen) as faulty:
        request_id = ask_until_one_has_answered(faulty, data, tmp_path / "restored")
    if "DATABASE_URL" not in chosen:
        with running_faulty(tmp_path / "restored", emulated, is_new=False, **chosen) as restored:
            check_all(restored, tmp_path / "restored", check_first(restored, request_id))
    spent = 0
    for turn in range(amount("panel-kills")):
        with running_faulty(data, emulated, is_new=False, **chosen) as faulty:
            if turn == 0:
                spent = check_first(faulty, request_id)
            spent = check_all(faulty, data, spent)
            if turn + 1 < amount("panel-kills"):
                kill_under_load(faulty, turn)


def ask_until_one_has_answered(faulty: Faulty, data: Path, backup: Path) -> str:
    """Asks three models, of which one has answered, one speaks and one is silent; makes a backup there, and kills."""
    faulty.become(a="ok:8", b="ok:400:20", c="hung")
    body = {"models": [A, B, C], "messages": QUESTION, "max_tokens": 400}
    url, headers = f"{faulty.demo.base_url}/api/v1/compare", faulty.client.headers
    has_ended, words = False, 0
    with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as answer:
        for line in answer.iter_lines():
            said = json.loads(line[5:]) if line.startswith("data:") else {}
            has_ended = has_ended or (said.get("event"), said.get("leg")) == ("leg", 0)
            words += said.get("leg") == 1
            if has_ended and words >= 5:
                back_up(data, backup)
                faulty.demo.kill()
                return str(answer.headers["x-request-id"])
    raise AssertionError("the stream ended")


def back_up(data: Path, backup: Path) -> None:
    """Copies what there is of a running server, as is done every night; a database of PostgreSQL is not here."""
    shutil.copytree(data, backup, ignore=shutil.ignore_patterns("*.db*", "*.json"))
    if (data / "coinslot.db").exists():
        source, target = sqlite3.connect(data / "coinslot.db"), sqlite3.connect(backup / "coinslot.db")
        with closing(source), closing(target):
            source.backup(target)


def check_first(faulty: Faulty, request_id: str) -> int:
    """Checks the receipt of the panel that was known, and returns what it cost."""
    receipt = faulty.receipt(request_id)
    assert (receipt["status"], receipt["charge"], receipt["estimated"]) == ("interrupted", "1", False)
    assert [(leg["status"], leg["reason"], leg["charge"]) for leg in receipt["legs"]] == [
        ("answered", None, "1"), ("cut", "interrupted", "0"), ("cut", "interrupted", "0")
    ]  # fmt: skip
    return 1


def check_all(faulty: Faulty, data: Path, spent: int) -> int:
    """Fails unless nothing is held, the books balance, and all that was charged stands in receipts and their legs."""
    end = time.monotonic() + 60
    while True:
        found = faulty.client.get("/api/v1/credits/wallet").raise_for_status().json()
        if not found["held"]:
            break
        assert time.monotonic() < end, found
        time.sleep(0.1)
    made = json.loads((data / "instance.json").read_text())
    with using(made["database_url"], data), db.transaction(writes=False) as session:
        assert list(audit(session)) == []
        assert not session.scalar(text("SELECT count(*) FROM ledger_hold WHERE status = 'open'"))
        rows = session.execute(text(
            "SELECT request.id, charge_nanos, (SELECT sum(request_leg.charge_nanos) FROM request_leg"
            " WHERE request_id = request.id) FROM request WHERE mode IS NOT NULL"
        )).all()  # fmt: skip
    assert all(legs is None or charge == legs for _, charge, legs in rows), rows
    charged = sum(int(charge or 0) for _, charge, _ in rows) // 10**9
    assert charged >= spent and found["balance"] == PAID_CREDITS + FREE_CREDITS - charged
    return charged


def kill_under_load(faulty: Faulty, seed: int) -> None:
    """Kills a server at a moment at which panels of all kinds run."""
    chance = random.Random(seed)
    faulty.become(a="ok:40:5", b="ok:20:20", c=chance.choice(("ok:8", "cut", "error-500", "ok:100:20")))

    def ask(number: int) -> None:
        mode, body = ASKED[number % len(ASKED)]
        with httpx.Client(base_url=faulty.demo.base_url, headers=faulty.client.headers, timeout=60) as client:
            try:
                while True:
                    client.post(f"/api/v1/{mode}", json={"messages": QUESTION, "max_tokens": 200, **body})
            except httpx.TransportError:
                return

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for one in asking:
        one.start()
    time.sleep(chance.uniform(0.2, 2))
    faulty.demo.kill()
    for one in asking:
        one.join(60)
