"""Measures the chat proxy against pass-through floors.

`uv run python -m tests.bench.gateway [--with usual full] [--only "json c=64"] [--rounds 3]`. Everything is started
here: the mock upstream, the floors, Coinslot on SQLite and on PostgreSQL with keys, users, request rows, holds,
settlements and receipts, and once more with events and limits (tests/bench/features.py). Each gateway has a core alone
with one worker; the upstream, the load and PostgreSQL have another, where there are two. PostgreSQL comes with
`uv sync --all-groups`. Only the ratios of one run mean something; the machine is shared.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tests.bench.drive import Target
from tests.bench.features import FEATURES, turn_on
from tests.bench.load import add_options
from tests.bench.processes import (
    OTHER_CORE,
    coinslot,
    floor,
    has_postgresql,
    on_core,
    postgresql,
    upstream,
)
from tests.emulators.receiver import receiving


class Side:
    """One database's targets: a floor, the product, and the product with features on."""

    def __init__(self, stack: ExitStack, folder: Path, mock: str, features: list[str]) -> None:
        self._enter = stack.enter_context
        self._folder = folder
        self._mock = mock
        self._variants = ("", *features)
        self._endpoint = self._enter(receiving()).url("/ok")
        self.targets: list[Target] = []

    def add_floor(self, store: str, database: str = "", **pids: int) -> None:
        self.targets.append(self._enter(floor(self._mock, store, database, pids)))

    def add_products(self, name: str, urls: dict[str, str], **pids: int) -> None:
        """Adds the product once plain and once for each feature, on SQLite where no URL of a database is said."""
        for features in self._variants:
            environment = {"COINSLOT_DATABASE_URL": urls[features]} if urls else {}
            data = self._folder / f"{name.split()[-1]}{features}"
            shown = f"{name}, {features}" if features else name
            target, found = self._enter(coinslot(shown, data, self._mock, pids=pids, environment=environment))
            if features:
                turn_on(features, target, self._endpoint, found["database_url"])
            self.targets.append(target)

    def add_postgresql(self) -> None:
        make, pid = self._enter(postgresql(self._folder))
        self.add_floor("pg-group", make("floor"), db=pid)
        urls = {features: make(f"coinslot{features}") for features in self._variants}
        self.add_products("Coinslot on PostgreSQL", urls, db=pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-postgres", action="store_true")
    parser.add_argument("--with", nargs="*", default=[], choices=FEATURES, dest="features",
                        help="the product with features on, beside itself without")  # fmt: skip
    add_options(parser)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        mock = stack.enter_context(upstream())
        side = Side(stack, folder, mock, chosen.features)
        side.targets.append(Target("direct", f"{mock}/v1"))
        side.add_floor("none")
        side.add_floor("sqlite-group", str(folder / "floor.db"))
        side.add_products("Coinslot on SQLite", {})
        if not has_postgresql():
            print("Without PostgreSQL, which is not installed; uv sync --all-groups brings it.", flush=True)
        elif not chosen.skip_postgres:
            side.add_postgresql()
        plan = folder / "targets.json"
        plan.write_text(json.dumps({"upstream": mock, "targets": [asdict(target) for target in side.targets]}))
        # The load is a process of its own, on the core that no gateway has; it reads its own part of our options.
        load = [sys.executable, "-m", "tests.bench.load", str(plan), *_options_of_load(chosen)]
        sys.exit(subprocess.run(on_core(OTHER_CORE, load), check=False).returncode)


def _options_of_load(chosen: argparse.Namespace) -> list[str]:
    """Returns the options of the load as they were said, or as they are without being said."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    words: list[str] = []
    for option in vars(parser.parse_args([])):
        value = getattr(chosen, option)
        if value is not None:
            listed = value if isinstance(value, list) else [value]
            words += [f"--{option.replace('_', '-')}", *(str(word) for word in listed)]
    return words


if __name__ == "__main__":
    main()
