"""Compares OpenAI-compatible gateways in one interleaved run, and prints a table for each scenario.

`uv run python -m tests.bench.load targets.json [--rounds 3] [--seconds 3] [--only "json c=64"]`. `targets.json` has the
address of the mock (tests/bench/upstream.py) and whom to compare, the first being the baseline:
`{"upstream": "http://127.0.0.1:9100", "targets": [{"name": "ours", "base_url": "http://127.0.0.1:4000/v1", …}]}` with
the fields of `tests.bench.drive.Target`.

`json c=N`: N connections, each asks anew when its answer is there, and the mock answers at once. `stream c=N`: the same
with streams of 32 chunks at the mock's pace. `json open loop`: arrivals on a schedule; latency counts from the time
that was planned, so waiting is not hidden. Every answer must be the mock's, to the word and the token, and the mock
must have been asked as often as was answered; the exit status is 1 where one was not.
"""

import argparse
import asyncio
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvloop

from tests.bench.accounting import machine, used_by
from tests.bench.drive import Load, Target, drive
from tests.bench.rounds import Round, Row, print_table, summed_up
from tests.bench.said import complaint_of
from tests.bench.upstream import Pace

OPEN_LOOP_CONNECTIONS = 256


@dataclass(frozen=True)
class Scenario:
    """A load, and the pace of the mock meanwhile."""

    load: Load
    pace: Pace


def configure(upstream: str, pace: Pace | None = None) -> Mapping[str, Any]:
    """Returns the mock's pace and count, after it was given a pace if one is said."""
    if pace is None:
        return dict(httpx.get(f"{upstream}/_config").raise_for_status().json())
    return dict(httpx.post(f"{upstream}/_config", content=orjson.dumps(asdict(pace))).raise_for_status().json())


async def measure(target: Target, upstream: str, scenario: Scenario, warmup_seconds: float = 0.0) -> Round:
    """Loads a target once. Raises ProcessLookupError if a process of its own ended."""
    configure(upstream, scenario.pace)
    if warmup_seconds:
        await drive(target, Load(scenario.load.stream, scenario.load.concurrency, warmup_seconds))
    seen = configure(upstream)["requests"]
    before, then = {name: used_by(pid) for name, pid in target.pids.items()}, machine()
    samples = await drive(target, scenario.load)
    after, now = {name: used_by(pid) for name, pid in target.pids.items()}, machine()
    seen = configure(upstream)["requests"] - seen
    complaints = [
        complaint
        for sample in samples
        if (complaint := complaint_of(sample.status, sample.body, scenario.load.stream, scenario.pace.chunks))
    ]
    if seen != len(samples) and not complaints:
        complaints.append(f"upstream saw {seen} requests, not {len(samples)}")
    return Round(
        answers=len(samples),
        seconds=max(sample.ended for sample in samples) - min(sample.started for sample in samples),
        errors=len(complaints),
        complaint=complaints[0] if complaints else "",
        total_ms=[1000 * (sample.ended - sample.started) for sample in samples],
        ttft_ms=[1000 * (sample.first - sample.started) for sample in samples],
        cpu_seconds={name: after[name].cpu_seconds - before[name].cpu_seconds for name in before},
        rss_mib={name: used.rss_mib for name, used in after.items()},
        steal_percent=100 * (now.stolen - then.stolen) / max(1, now.all - then.all),
    )


def scenarios(chosen: argparse.Namespace) -> dict[str, Scenario]:
    """Returns the scenarios that were asked for, by their names."""
    at_once = Pace(0, 0, chosen.chunks)
    paced = Pace(chosen.ttft_ms, chosen.chunk_ms, chosen.chunks)
    found = {f"json c={c}": Scenario(Load(False, c, chosen.seconds), at_once) for c in chosen.concurrency}
    found |= {f"stream c={c}": Scenario(Load(True, c, chosen.seconds), paced) for c in chosen.concurrency}
    for rate in chosen.rate:
        load = Load(False, OPEN_LOOP_CONNECTIONS, chosen.seconds, rate=rate)
        name = f"json open loop {rate}/s, delay {chosen.ttft_ms:g} ms"
        found[name] = Scenario(load, Pace(chosen.ttft_ms, 0, chosen.chunks))
    return {name: scenario for name, scenario in found.items() if chosen.only in name}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say what is measured, and how long."""
    parser.add_argument("--concurrency", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--rate", type=int, nargs="*", default=[100], help="open loop: arrivals a second")
    parser.add_argument("--seconds", type=float, default=3, help="of a round")
    parser.add_argument("--warmup", type=float, default=0.7, help="seconds before each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunks", type=int, default=32)
    parser.add_argument("--ttft-ms", type=float, default=20, help="of streams and of the open loop")
    parser.add_argument("--chunk-ms", type=float, default=5, help="of streams")
    parser.add_argument("--only", default="", help="run the scenarios whose name holds this text")
    parser.add_argument("--names", nargs="*", help="run these targets only, the first being the baseline")
    parser.add_argument("--out", type=Path, help="write the rows as JSON, too")


async def compare(chosen: argparse.Namespace) -> bool:
    """Measures, prints, and returns whether every answer was right."""
    plan = orjson.loads(chosen.targets.read_bytes())
    named = {spec["name"]: Target(**spec) for spec in plan["targets"]}
    targets = [named[name] for name in chosen.names or named]
    results: dict[str, dict[str, Row]] = {}
    for name, scenario in scenarios(chosen).items():
        rounds: dict[str, list[Round]] = defaultdict(list)
        for _ in range(chosen.rounds):
            for target in targets:
                rounds[target.name].append(await measure(target, plan["upstream"], scenario, chosen.warmup))
        results[name] = {target: summed_up(of) for target, of in rounds.items()}
        print_table(name, results[name])
        if chosen.out:
            chosen.out.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    return not any(row.errors for rows in results.values() for row in rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", type=Path)
    add_options(parser)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        is_right = runner.run(compare(parser.parse_args()))
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
