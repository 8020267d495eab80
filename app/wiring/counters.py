"""What counts limits: this process for itself, or all processes together in Redis."""

from app.adapters.limits.memory import SLICES_PER_SECOND, MemoryLimits
from app.adapters.limits.outage import OutageProof
from app.ports.limits import LimitCounter
from app.settings import Settings

MINUTES_OF_AN_HOUR = 60
"""The window of a counter is a minute of ticks: those of an hour's last as much longer."""


def make_counter(chosen: Settings, minutes: int = 1) -> LimitCounter:
    """Returns a counter whose window lasts so many minutes."""
    if not (url := chosen.redis_url.get_secret_value()):
        return MemoryLimits(slices_per_second=SLICES_PER_SECOND / minutes)
    from app.adapters.limits.redis import SLICE_MICROSECONDS, RedisLimits  # takes a moment; one process needs none

    alone = MemoryLimits(slices_per_second=SLICES_PER_SECOND / minutes)
    shared = RedisLimits(url, chosen.lease_seconds, SLICE_MICROSECONDS * minutes)
    return OutageProof(shared, alone if chosen.limits_without_redis == "open" else None)
