"""How long a change of all prices takes on this machine, without a browser: shown, shown again, published.

`uv run python -m tests.bench.prices [--models 914] [--rounds 5] [--postgres URL]`
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from app import db, settings
from app.api.serving.server import GC_THRESHOLDS
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import PriceDesk, prices
from app.flows.pricing.drafts import Raised, Step, plan
from app.flows.pricing.sheet import Query, matching
from app.web.developer.prices.rows import read_page
from tests.support.managing import owner_of
from tests.support.priced import RULES, desk_of, paywall_of

T = TypeVar("T")
WISHED = {"shown": 100, "shown again": 100, "published": 1_000}
"""Milliseconds that each may take."""


def asked(paywall_id: str, ask: Callable[[PriceDesk], T]) -> T:
    """Asks something of a paywall's prices in one transaction, as a page does."""
    with db.transaction(writes=False) as session:
        return ask(desk_of(session, paywall_id))


def milliseconds(work: Callable[[], object]) -> float:
    """Returns how long something takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1_000


def measure(models: int, rounds: int) -> dict[str, list[float]]:
    """Raises all prices by a tenth and publishes that, as often as told."""
    paywall_id = paywall_of(models)
    owner, part = owner_of(paywall_id), prices(RULES)
    every = asked(paywall_id, lambda desk: matching(desk, plan(desk, ()), Query()))
    found: dict[str, list[float]] = {name: [] for name in WISHED}
    for version in range(1, rounds + 1):
        steps: tuple[Step, ...] = (Raised(every, 1_000),)
        show = partial(asked, paywall_id, partial(read_page, steps=steps, query=Query()))
        found["shown"].append(milliseconds(show))
        found["shown again"].append(milliseconds(show))
        wanted = asked(paywall_id, partial(plan, steps=steps)).prices
        found["published"].append(milliseconds(partial(asyncio.run, change(owner, part, wanted, version))))
    return found


def main() -> None:
    """Prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=914)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", help="the URL of an empty database")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        settings.configure(data=data, database_url=chosen.postgres or f"sqlite:///{data}/bench.db")
        db.migrate()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)  # as a server does
        for name, took in measure(chosen.models, chosen.rounds).items():
            print(
                f"{chosen.models} prices {name}: {statistics.median(took):.0f} ms (median), {max(took):.0f} (longest);"
                f" at most {WISHED[name]:,} are wished",
                flush=True,
            )
        db.dispose()


if __name__ == "__main__":
    main()
