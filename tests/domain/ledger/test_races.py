"""Many who want the same money at once: exactly as many get it as there is money for."""

import asyncio
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from sqlalchemy.orm import Session

from app import db
from app.domain.errors import InsufficientFunds
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Applied, Charge, SetCap
from tests.domain.ledger import racer
from tests.domain.ledger.money import WALLET, count, deposit, do, do_all, findings, posted, to_revenue
from tests.domain.ledger.racer import PRICE, race

PROCESSES = 8
OPERATIONS = 50
MONEY_FOR = 100


def run_processes(url: str, *budgets: str) -> int:
    """Starts the racers together and returns how many charges they got."""
    processes = get_context("forkserver")  # a new one, which has imported the racer and nothing of this process
    processes.set_forkserver_preload([racer.__name__])
    start = processes.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, processes, racer.get_ready, (start,)) as pool:
        running = [pool.submit(racer.run, url, f"p{number}", OPERATIONS, budgets) for number in range(PROCESSES)]
        return sum(one.result(racer.SECONDS_MAX) for one in running)


def assert_all_is_spent(charged: int) -> None:
    assert charged == MONEY_FOR
    assert count("ledger_hold", "status = 'settled'") == count("ledger_hold") == MONEY_FOR
    assert findings() == []


@pytest.mark.unhurried
def test_eight_processes_get_exactly_what_the_wallet_pays_for(database: str) -> None:
    """Only processes of their own, which share nothing but the database, show that its locks are enough."""
    do(deposit("d:1", MONEY_FOR * PRICE))
    assert_all_is_spent(run_processes(database))
    assert posted(WALLET) == 0


@pytest.mark.unhurried
def test_eight_processes_get_exactly_what_a_cap_lets_through(database: str) -> None:
    """As above, for a budget beside the wallet: only processes of their own show that its locks are enough."""
    do_all([deposit("d:1", 10 * MONEY_FOR * PRICE), SetCap("cap:1", WALLET, MONEY_FOR * PRICE)])
    assert_all_is_spent(run_processes(database, "cap:1"))
    assert posted(WALLET) == 9 * MONEY_FOR * PRICE


@pytest.mark.parametrize("limit", ["wallet", "cap"])
def test_threads_get_exactly_what_there_is(database: str, limit: str) -> None:
    budgets = () if limit == "wallet" else ("cap:1",)
    do_all([
        deposit("d:1", MONEY_FOR * PRICE * (1 if limit == "wallet" else 10)),
        SetCap("cap:1", WALLET, MONEY_FOR * PRICE),
    ])  # fmt: skip
    charged: list[int] = []
    threads = [
        threading.Thread(target=lambda name=f"t{number}": charged.append(asyncio.run(race(name, OPERATIONS, budgets))))
        for number in range(PROCESSES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_all_is_spent(sum(charged))


def test_threads_without_a_queue_get_exactly_what_there_is(database: str) -> None:
    """Plain transactions, as flows use them, and no group commit."""
    do(deposit("d:1", 20 * PRICE))
    refused: list[InsufficientFunds] = []

    def run(name: int) -> None:
        for number in range(6):
            try:
                do(Charge(f"chg:{name}:{number}", WALLET, PRICE, to_revenue()))
            except InsufficientFunds as error:
                refused.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(refused), posted(WALLET), count("ledger_hold"), findings()) == (28, 0, 20, [])


@pytest.mark.unhurried
def test_the_same_request_in_many_processes_is_charged_once(database: str) -> None:
    """Whoever comes second waits for the first, and is told what it did."""
    do(deposit("d:1", 1_000))
    answers = []

    def charge(session: Session) -> Applied:
        return apply_one(session, Charge("chg:1", WALLET, 10, to_revenue()))

    def run() -> None:
        answers.append(asyncio.run(db.in_transaction(charge, writes=True)))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.is_replay for answer in answers) == [False] + [True] * 7
    assert (posted(WALLET), findings()) == (990, [])
