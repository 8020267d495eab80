"""`kill -9` while payments come in: each is credited once or given back once, and nothing stays half done."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app import db, settings
from app.domain import clock
from tests.journeys.paying import KeptBank, write_payments
from tests.support import forked
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.paying import begin, door_of, open_bank, open_events, posted, refunds, topup, world_cents

WORKERS = 2
STALLED_SECONDS = 60


@contextmanager
def working(database: str, connection_id: str, folder: Path) -> Iterator[None]:
    """Runs a worker until it is killed."""
    arguments = (str(settings.get().data), database, connection_id, str(folder))
    with Path(os.devnull).open("w") as nothing:
        process = forked.start(arguments, os.environ, nothing.fileno(), nothing.fileno(), "tests.journeys.paying")
        try:
            yield
        finally:
            process.kill()
            process.wait()


def judged() -> int:
    """Returns how many payments have been credited or are going back."""
    with db.transaction(writes=False) as session:
        statement = "SELECT (SELECT count(*) FROM topup WHERE status = 'paid') + (SELECT count(*) FROM refund)"
        return int(session.execute(text(statement)).scalar_one())


def wait_until(count: int) -> None:
    """Waits until so many payments were judged, for as long as any are."""
    seen, since = 0, time.monotonic()
    while seen < count:
        time.sleep(0.02)
        if (now := judged()) > seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() - since < STALLED_SECONDS, seen


@pytest.mark.plain_sql
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_moment_each_payment_is_credited_or_given_back_once(
    database: str, tmp_path: Path, amount: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only workers that are really killed, between any two steps of two of them at once, leave what that leaves."""
    kills = amount("kill-rounds")
    snapshot, connection_id = make_snapshot(), open_bank().connection_id
    marks = [begin(snapshot, connection_id, f"user-{number % 5}") for number in range(12 * kills)]
    paid = {f"pi-{number}": (one, 500) for number, one in enumerate(marks)}
    paid |= {f"second-{number}": (one, 500) for number, one in enumerate(marks) if number % 3 == 0}
    paid |= {f"other-{number}": (one, 400) for number, one in enumerate(marks) if number % 4 == 0}
    folder = tmp_path / "account"
    folder.mkdir()
    write_payments(folder, paid)
    for killed in range(1, kills + 1):
        with ExitStack() as stack:
            for _ in range(WORKERS):
                stack.enter_context(working(database, connection_id, folder))
            wait_until(len(paid) * killed // (kills + 1))
    bank = KeptBank(connection_id, folder)
    asyncio.run(finish(bank, monkeypatch))
    assert {topup(one.topup_id).status for one in marks} == {"paid"}
    assert sum(posted(snapshot, f"user-{number}") for number in range(5)) == 500 * len(marks)
    returned = bank.given_back()
    assert len({payment_id for payment_id, _ in returned}) == len(returned) == len(paid) - len(marks)
    assert {cents for payment_id, cents in returned if payment_id.startswith("other-")} == {400}
    assert world_cents(connection_id) == sum(cents for _, cents in paid.values()) - sum(cents for _, cents in returned)
    assert {row.status for row in refunds()} == {"succeeded"} and open_events() == 0
    assert_books_balance()


async def finish(bank: KeptBank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivers every event once more, and lets the jobs come to what the killed ones left, hours later."""
    door, now = door_of(bank), clock.now
    with capture_logs():
        for payment_id in bank.payments:
            await door.receive(bank.connection_id, f"evt_{payment_id}_0", payment_id)
        for hours in range(2, 8, 2):
            monkeypatch.setattr(clock, "now", lambda hours=hours: now() + hours * 3_600 * clock.SECOND)
            while await door.finish_inbox() or await door.refunds.send_due():
                pass
