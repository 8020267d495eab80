"""What a round of a benchmark measured, the medians over rounds, and the table of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Round:
    """One target, loaded once; CPU and peak memory are those of its processes by name."""

    answers: int
    seconds: float
    errors: int
    complaint: str
    total_ms: Sequence[float]
    ttft_ms: Sequence[float]
    cpu_seconds: Mapping[str, float]
    rss_mib: Mapping[str, float]
    steal_percent: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


@dataclass(frozen=True)
class Row:
    """One target in one scenario: medians over rounds; `best_rate` is the best round's."""

    answers: int
    errors: int
    complaint: str
    rate: float
    best_rate: float
    total_ms: Mapping[int, float]
    ttft_ms: Mapping[int, float]
    cpu_ms: Mapping[str, float]
    rss_mib: Mapping[str, float]
    steal_percent: float


PERCENTILES = (50, 95, 99)


def percentile(values: Sequence[float], share: int) -> float:
    """Returns the value that `share` of a hundred are not above."""
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


def summed_up(rounds: Sequence[Round]) -> Row:
    """Returns the row of a target's rounds."""
    answers = sum(each.answers for each in rounds)
    names = rounds[0].cpu_seconds
    return Row(
        answers=answers,
        errors=sum(each.errors for each in rounds),
        complaint=next((each.complaint for each in rounds if each.complaint), ""),
        rate=median(each.rate for each in rounds),
        best_rate=max(each.rate for each in rounds),
        total_ms={share: median(percentile(each.total_ms, share) for each in rounds) for share in PERCENTILES},
        ttft_ms={share: median(percentile(each.ttft_ms, share) for each in rounds) for share in PERCENTILES},
        cpu_ms={name: 1000 * sum(each.cpu_seconds[name] for each in rounds) / answers for name in names},
        rss_mib={name: max(each.rss_mib[name] for each in rounds) for name in names},
        steal_percent=median(each.steal_percent for each in rounds),
    )


def print_table(scenario: str, rows: Mapping[str, Row]) -> None:
    """Prints a scenario's rows as Markdown; the first is the baseline of all that begins with + or ×."""
    stream, base = scenario.startswith("stream"), next(iter(rows.values()))
    heads = ["target", "a second", "best", "× base", "p50 ms", "p95", "p99", "+p50 ms", "+p99 ms"]
    heads += ["TTFT p50", "TTFT p99", "+TTFT p50"] if stream else []
    heads += ["CPU ms each", "peak MiB", "steal %", "answers", "errors"]
    print(f"\n### {scenario}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for name, row in rows.items():
        print(f"| {' | '.join([name, *_cells(row, base, stream)])} |")
    for name, row in rows.items():
        if row.complaint:
            print(f"\n{name}: {row.complaint}")
    print(end="", flush=True)


def _cells(row: Row, base: Row, stream: bool) -> Iterator[str]:
    yield from (f"{row.rate:.0f}", f"{row.best_rate:.0f}", f"{row.rate / base.rate:.4f}")
    yield from (f"{row.total_ms[share]:.2f}" for share in PERCENTILES)
    yield from (f"{row.total_ms[share] - base.total_ms[share]:+.2f}" for share in (50, 99))
    if stream:
        yield from (f"{row.ttft_ms[50]:.2f}", f"{row.ttft_ms[99]:.2f}", f"{row.ttft_ms[50] - base.ttft_ms[50]:+.2f}")
    yield ", ".join(f"{name} {ms:.2f}" for name, ms in row.cpu_ms.items())
    yield ", ".join(f"{name} {mib:.0f}" for name, mib in row.rss_mib.items())
    yield from (f"{row.steal_percent:.0f}", f"{row.answers}", f"{row.errors}")
