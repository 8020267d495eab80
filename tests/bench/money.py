"""Measures payments at full size, on PostgreSQL with real processes: what CI proves small is done once at length.

`uv run python -m tests.bench.money --postgres URL [auto-topup] [month] [--wallets 1000] [--workers 3] [--killed 2]`.
`month`: a month's top-ups, refunds, disputes and payouts at one account; the ledger must agree with it to the cent.
`auto-topup`: wallets at one account at Stripe (the emulator, 25 requests a second) fall below at the same second while
workers are killed; each must be charged once, and the time says what our pace costs.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict

from app import db, settings
from tests.support.many_wallets import fill, prepare
from tests.support.reconciling import Month, reconciling
from tests.support.stripe_bank import StripeShop, running

LIMIT = 25
MONTH = Month(topups=1_000, refunds=40, disputes=10, payouts=5)


def auto_topup(chosen: argparse.Namespace) -> Mapping[str, object]:
    """Fills many wallets at once; fails where one was charged twice, or a "too many" counted as a decline."""
    with running() as bank:
        shop = bank.account()
        prepare(shop, chosen.wallets)
        shop.switch(rate_limit=LIMIT)
        outcome = fill(settings.get().database, shop, chosen.wallets, workers=chosen.workers, killed=chosen.killed)
    assert (outcome.filled, outcome.payments, outcome.twice, outcome.declined) == (
        chosen.wallets, chosen.wallets, 0, 0,
    ), outcome  # fmt: skip
    return asdict(outcome)


def month(chosen: argparse.Namespace) -> Mapping[str, object]:
    """Lets a month pass at an account; fails where a cent differs, or one that is made up by hand is not named."""

    async def pass_by(shop: StripeShop) -> Mapping[str, object]:
        async with reconciling(shop) as books:
            began = time.monotonic()
            await books.passes(MONTH)
            traffic_seconds, began = time.monotonic() - began, time.monotonic()
            await books.keeper.read(books.connection)
            read_seconds, found = time.monotonic() - began, books.compared()
            assert (found.differs_cents, books.explained()) == (0, []), found
            books.post_by_hand(1, "hand:1")
            await books.keeper.read(books.connection)
            named = [(one.what, one.cents) for one in books.explained()]
            assert named == [("posting hand:1, which is of no payment", -1)], named
            return {**asdict(MONTH), "balance_cents": found.balance_cents, "differs_cents": found.differs_cents,
                    "traffic_seconds": round(traffic_seconds, 1), "read_seconds": round(read_seconds, 1)}  # fmt: skip

    with running() as bank:
        return asyncio.run(pass_by(bank.account()))


PARTS: Mapping[str, Callable[[argparse.Namespace], Mapping[str, object]]] = {"auto-topup": auto_topup, "month": month}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--postgres", required=True)
    parser.add_argument("--wallets", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--killed", type=int, default=2)
    chosen = parser.parse_args()
    settings.configure(database_url=chosen.postgres)
    db.migrate()
    for part in chosen.parts:
        print(json.dumps({"part": part, **PARTS[part](chosen)}))
    db.dispose()


if __name__ == "__main__":
    main()
