"""One process of many that want the same money, and start at once."""

import asyncio
import tempfile
from multiprocessing.synchronize import Barrier
from pathlib import Path

from app import settings
from app.commit_queue import CommitQueue
from app.domain.errors import InsufficientFunds
from app.domain.ledger.operations import Hold, Settle
from tests.domain.ledger.money import WALLET, to_revenue

PRICE = 7
SECONDS_MAX = 90

_start: Barrier | None = None


async def race(name: str, operations: int, budgets: tuple[str, ...]) -> int:
    """Holds and settles at once, each the price; returns how many were charged."""
    queue = CommitQueue(10_000, 500)
    queue.start()

    async def one(number: int) -> bool:
        hold_id = f"hold:{name}:{number}"
        try:
            await queue.commit(Hold(hold_id, WALLET, PRICE, PRICE, PRICE, name, budgets=budgets))
        except InsufficientFunds:
            return False
        settled = await queue.commit(Settle(hold_id, PRICE, to_revenue()))
        assert (settled.amount, settled.short) == (PRICE, 0)
        return True

    charged = await asyncio.gather(*(one(number) for number in range(operations)))
    await queue.drain()
    return sum(charged)


def get_ready(start: Barrier) -> None:
    """Takes the line at which all processes wait for each other."""
    global _start
    _start = start


def run(url: str, name: str, operations: int, budgets: tuple[str, ...]) -> int:
    """Races in this process, from the moment at which all are at the start; returns how many were charged."""
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(data=Path(folder), database_url=url)
        assert _start is not None
        _start.wait(SECONDS_MAX)
        return asyncio.run(race(name, operations, budgets))
