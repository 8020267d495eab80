"""Whoever counts before it adds does so one at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from app import db
from app.domain.turns import take_turns


def test_one_name_is_had_by_one_transaction_at_a_time(database: str) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def work(number: int) -> None:
        nonlocal inside, most
        with db.transaction() as session:
            take_turns(session, *(["a", "b"] if number % 2 else ["b", "a"]))
            with guard:
                inside += 1
                most = max(most, inside)
            session.execute(text("SELECT 1"))
            with guard:
                inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(40)))
    assert most == 1
