"""Garbage is looked for when memory has grown, whatever the number of objects."""

import asyncio
import gc
import platform
import subprocess
import sys
import weakref

import pytest

from app.api.serving import memory
from app.api.serving.memory import GROWTH_BYTES, Collector

BODIES = """
import sys
from app.api.serving.memory import give_large_blocks_back, resident_bytes

if sys.argv[1] == "given back":
    give_large_blocks_back()
size = 19_000_000
b"x" * size  # what glibc learns from
before = resident_bytes()
bodies, lasting = [], []
for _ in range(8):
    bodies.append(b"x" * size)
    lasting.append([bytes(2_000) for _ in range(100)])
bodies.clear()
print(resident_bytes() - before)
"""
"""Bodies between things that last, and by how much the process has grown once they are gone."""


class _Node:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.mark.unhurried
def test_a_cycle_goes_once_memory_has_grown_and_not_before() -> None:
    used = 100_000_000
    collector = Collector(lambda: used)
    gc.disable()
    try:
        node = weakref.ref(_Node())
        used += GROWTH_BYTES - 1
        assert not collector.look() and node() is not None
        used += 1
        assert collector.look() and node() is None
        assert not collector.look()
    finally:
        gc.enable()


def test_growth_is_measured_from_the_least_that_was_used_since() -> None:
    used = 100_000_000
    collector = Collector(lambda: used)
    used = 50_000_000
    assert not collector.look()
    used += GROWTH_BYTES
    assert collector.look()


def test_this_process_uses_memory() -> None:
    assert memory.resident_bytes() > 10_000_000


async def test_it_looks_until_it_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = asyncio.Event()
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0)
    monkeypatch.setattr(Collector, "look", lambda _self: looked.set())
    keeping = asyncio.create_task(memory.keep_small())
    await asyncio.wait_for(looked.wait(), 5)
    keeping.cancel()


@pytest.mark.unhurried
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc learns to keep large blocks")
def test_large_bodies_that_are_gone_leave_their_memory_to_the_system() -> None:
    assert _grown("kept") > 100_000_000
    assert _grown("given back") < 20_000_000


def _grown(how: str) -> int:
    return int(subprocess.run([sys.executable, "-c", BODIES, how], check=True, capture_output=True, text=True).stdout)
