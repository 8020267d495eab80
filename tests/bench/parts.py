"""What a part of the product costs of a run of CI: its tests alone, one after the other, in seconds of a core.

`uv run python -m tests.bench.parts [own] [--collect-only]`; other options go to pytest. Counted is user and system time
of all processes that the tests start, browsers, servers and databases too. A run has two cores and four processes, of
which one works while another waits, so it is longer by half of that because of them. The pages are built before, as
`tests/run` does beside its other work.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.journeys.pages import build_beforehand

BE_REAPER = 36
"""What `prctl` calls it: whose parent ends becomes our child, as PostgreSQL does, and is counted when it ends."""


@dataclass(frozen=True)
class Part:
    """A part of the product: how many seconds of a run its tests may take, and which these are."""

    seconds_max: int
    tests: Sequence[str]


OWN = """
    flows/modes flows/talk flows/vault flows/orders flows/help flows/conversations flows/chat/test_own_keys.py
    flows/chat/test_credits.py flows/chat/test_instead.py flows/wallets/test_credits.py
    flows/callers/test_marks_of_orders.py flows/callers/test_stopped.py flows/providers/test_breakers.py
    flows/providers/test_attempt.py api/account api/talk api/auth/test_own_key.py api/auth/test_account_key.py
    api/v1/test_orders.py api/v1/test_own_keys.py domain/credits domain/conversations domain/credentials domain/legs
    domain/orders domain/routing domain/safety domain/authorizations/test_own_keys.py domain/analytics/test_own.py
    domain/analytics/test_of_order.py domain/analytics/test_uses.py domain/people/test_account_keys.py formats/account
    web/test_help_rows.py web/test_message_rows.py web/test_activity_rows.py web/test_stopped_words.py
    web/test_payers.py web/developer/test_account_analytics_rows.py sdk/test_account_clients.py
    journeys/test_own_money_story.py journeys/test_kill_panels.py journeys/test_help_story.py
"""
NUMBERS = """
    domain/rollups/test_seeded.py domain/rollups/test_counting.py web/test_hundred_thousand.py
    web/developer/test_numbers.py api/v1/test_ledger.py
"""
PARTS: Mapping[str, Part] = {
    "own": Part(120, OWN.split()),
    "numbers": Part(45, NUMBERS.split()),
}
"""People's own money and keys, in every mode, with the help; and numbers that are what the ledger says."""


def measure(part: Part, options: Sequence[str]) -> tuple[float, float, int]:
    """Runs the tests of a part; returns seconds of a core, of the clock, and pytest's status."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *options, *(f"tests/{path}" for path in part.tests)]
    before, begun = _used(), time.monotonic()
    status = subprocess.call(command, env={**os.environ, "CI": "true"})
    seconds = time.monotonic() - begun
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return _used() - before, seconds, status


def _used() -> float:
    """Returns the seconds of a core of all that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """The command line; fails if a test does, and says what is over without failing: a busy machine counts more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS)
    chosen, options = parser.parse_known_args()
    assert ctypes.CDLL(None).prctl(BE_REAPER, 1, 0, 0, 0) == 0
    build_beforehand()
    statuses = []
    for name in PARTS if chosen.part is None else [chosen.part]:
        of_core, seconds, status = measure(PARTS[name], options)
        statuses.append(status)
        print(f"{name}: {of_core:.0f} s of a core, so {of_core / 2:.0f} of {PARTS[name].seconds_max} s of a run;"
              f" {seconds:.0f} s one after the other", flush=True)  # fmt: skip
    sys.exit(max(statuses))


if __name__ == "__main__":
    main()
