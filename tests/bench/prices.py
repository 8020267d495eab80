"""How long prices take on this machine, without a browser: a search, a change of all shown and published, a roll-back.

`uv run python -m tests.bench.prices [--models 914] [--rounds 5] [--postgres URL]`
"""

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from app import db, settings
from app.api.serving.server import GC_THRESHOLDS
from app.flows.paywalls.change import change
from app.flows.paywalls.prices import PriceDesk, prices
from app.flows.paywalls.versions import version as versions
from app.flows.pricing.drafts import Raised, Step, plan
from app.flows.pricing.kept import BOOKS
from app.flows.pricing.sheet import Query, matching
from app.web.developer.prices.rows import read_page
from tests.support.managing import owner_of
from tests.support.priced import RULES, paywall_of

T = TypeVar("T")
WISHED = {"searched": 100, "shown": 100, "shown again": 100, "published": 1_000, "rolled back": 1_000}
"""Milliseconds that each may take."""


@dataclass(frozen=True)
class Took:
    """Milliseconds of the clock, and of this process's CPU."""

    clock: float
    cpu: float


def asked(paywall_id: str, ask: Callable[[PriceDesk], T]) -> T:
    """Asks something of a paywall's prices in one transaction, as a page does."""
    with db.transaction(writes=False) as session:
        return ask(BOOKS.desk(session, paywall_id, RULES))


def took(work: Callable[[], object]) -> Took:
    """Returns how long something takes."""
    started, cpu = time.perf_counter(), time.process_time()
    work()
    return Took((time.perf_counter() - started) * 1_000, (time.process_time() - cpu) * 1_000)


def measure(models: int, rounds: int) -> dict[str, list[Took]]:
    """Raises all prices by a tenth, publishes that, and goes back, as often as told; the page stays open meanwhile."""
    paywall_id = paywall_of(models)
    owner, part = owner_of(paywall_id), prices(RULES)
    every = asked(paywall_id, lambda desk: matching(desk, plan(desk, ()), Query()))
    found: dict[str, list[Took]] = {name: [] for name in WISHED}
    for version in range(1, 2 * rounds, 2):
        search = partial(read_page, steps=(), query=Query("maker-3 model"))
        asked(paywall_id, search)  # as the open page does once the version is published
        found["searched"].append(took(partial(asked, paywall_id, search)))
        steps: tuple[Step, ...] = (Raised(every, 1_000),)
        show = partial(asked, paywall_id, partial(read_page, steps=steps, query=Query()))
        found["shown"].append(took(show))
        found["shown again"].append(took(show))
        wanted = asked(paywall_id, partial(plan, steps=steps)).prices
        found["published"].append(took(partial(asyncio.run, change(owner, part, wanted, version))))
        back = change(owner, versions(RULES), 1, version + 1)
        found["rolled back"].append(took(partial(asyncio.run, back)))
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
        for name, each in measure(chosen.models, chosen.rounds).items():
            print(
                f"{chosen.models} prices {name}: {statistics.median(one.clock for one in each):.0f} ms (median), "
                f"{max(one.clock for one in each):.0f} (longest), {statistics.median(one.cpu for one in each):.0f} of "
                f"the CPU; at most {WISHED[name]:,} are wished",
                flush=True,
            )
        db.dispose()


if __name__ == "__main__":
    main()
