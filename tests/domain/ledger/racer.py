"""One process of many that want the same money: `python -m tests.domain.ledger.racer URL NAME OPERATIONS [BUDGET]`.

It waits for a line on standard input, so that all start at once, and prints how many charges it got.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from app import settings
from app.commit_queue import CommitQueue
from app.domain.errors import InsufficientFunds
from app.domain.ledger.operations import Hold, Settle
from tests.domain.ledger.money import WALLET, to_revenue

PRICE = 7


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


def main() -> None:
    url, name, operations, *budgets = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        settings.configure(data=Path(folder), database_url=url)
        print("ready", flush=True)
        sys.stdin.readline()
        print(asyncio.run(race(name, int(operations), tuple(budgets))), flush=True)


if __name__ == "__main__":
    main()
