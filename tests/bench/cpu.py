"""CPU of a request, this tree against another: what a change costs, as the median of rounds by turns.

`uv run python -m tests.bench.cpu --against main [--rounds 8] [--kind stream]`, or `--against DIR`. Both trees run as
demo servers without pages on SQLite, on the same core and the packages of this environment, with the mock upstream
(tests/bench/upstream.py) behind them; each round sends both the same requests, one tree first, then the other. CPU is
what the server's process used of user and system time meanwhile, by /proc. A change may add 0.02 ms of it at most;
what two runs of one tree differ by (`--against HEAD`, nothing changed) is the doubt.
"""

import argparse
import asyncio
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median

import uvloop

from tests.bench.drive import Load, Target
from tests.bench.load import Scenario, measure
from tests.bench.processes import OTHER_CORE, ROOT, coinslot, here_on, upstream
from tests.bench.upstream import Pace

KINDS = {"json": (3_000, Pace()), "stream": (1_200, Pace(chunk_ms=1))}
"""How many requests a round has, and at which pace the mock answers: streams come chunk by chunk."""
CONNECTIONS = 16


@contextmanager
def tree_of(against: str) -> Iterator[Path]:
    """Yields a folder as it is, or the files of a commit in a folder of their own, which no work tree knows of."""
    if Path(against).is_dir():
        yield Path(against).resolve()
        return
    done = subprocess.run(["git", "archive", against], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{against} is neither a folder nor a commit: {done.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


async def cpu_ms(targets: Mapping[str, Target], mock: str, scenario: Scenario, rounds: int) -> dict[str, list[float]]:
    """Returns the CPU of a request in each round by target, after one round that warms up and is not counted.

    A wrong answer ends the run.
    """
    found: dict[str, list[float]] = {name: [] for name in targets}
    for number in range(rounds + 1):
        for name in list(targets)[:: 1 if number % 2 else -1]:
            round_ = await measure(targets[name], mock, scenario)
            if round_.errors:
                sys.exit(f"{name}: {round_.complaint}")
            if number:
                found[name].append(1000 * round_.cpu_seconds["gateway"] / round_.answers)
    return found


def print_comparison(found: Mapping[str, list[float]]) -> None:
    """Prints each side, and what the first costs more than the second."""
    for name, each in found.items():
        rounds = " ".join(f"{ms:.3f}" for ms in each)
        print(f"{name:<12} CPU ms a request: median {median(each):.3f}, least {min(each):.3f} (rounds {rounds})")
    here, there = found.values()
    by_turns = median(mine - other for mine, other in zip(here, there, strict=True))
    print(
        f"here / there  median {median(here) / median(there):.3f}, least {min(here) / min(there):.3f}; "
        f"median of the rounds' differences {by_turns:+.3f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", required=True, help="a commit, or the folder of another tree")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--kind", choices=KINDS, default="json")
    parser.add_argument("--requests", type=int, help="of a round")
    chosen = parser.parse_args()
    usual, pace = KINDS[chosen.kind]
    load = Load(chosen.kind == "stream", CONNECTIONS, requests=chosen.requests or usual)
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder, enter = Path(temporary), stack.enter_context
        mock, other = enter(upstream()), enter(tree_of(chosen.against))
        targets = {}
        for name, tree in (("here", ROOT), ("there", other)):
            targets[name], _ = enter(coinslot(name, folder / name, mock, tree=tree))
        enter(here_on(OTHER_CORE))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            print_comparison(runner.run(cpu_ms(targets, mock, Scenario(load, pace), chosen.rounds)))


if __name__ == "__main__":
    main()
