"""Measures payments at full size, on PostgreSQL with real processes: what CI proves small is done once at length.

`uv run python -m tests.bench.money --postgres URL [auto-topup] [--wallets 1000] [--workers 3] [--killed 2]`.
`auto-topup`: wallets at one account at Stripe (the emulator, 25 requests a second) fall below at the same second while
workers are killed; each must be charged once, and the time says what our pace costs.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from app import db, settings
from tests.support.many_wallets import fill, prepare
from tests.support.stripe_bank import running

LIMIT = 25


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


PARTS: Mapping[str, Callable[[argparse.Namespace], Mapping[str, object]]] = {"auto-topup": auto_topup}


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
