"""How the time grows that it takes to read what a host or a model writes: eight times as much, how many times as long.

`uv run python -m tests.bench.growing` prints a line for each reader; what grows with its size is near 8, with the
square of it near 64.
"""

import time
from collections.abc import Callable, Mapping

from app.adapters.providers.key_forms import KeyForms
from app.adapters.providers.masking import clean_text
from app.formats.account.sources import SourceMarks
from app.formats.event_stream import EventReader
from app.formats.openai_limits import read_named_limit

TIMES, ROUNDS = 8, 3
KEY = "sk-proj-" + "".join(f"{number:x}k" for number in range(9_000, 9_040))
FORMS = KeyForms(KEY)


def _events(size: int) -> None:
    reader = EventReader()
    for _ in range(size // 512):
        reader.feed(b"x" * 512)


def _marks(size: int) -> None:
    marks = SourceMarks()
    for _ in range(size // 5):
        marks.feed("[A]\n\n")
    marks.end()
    marks.parts()


READERS: Mapping[str, tuple[Callable[[int], object], int]] = {
    "an event without an end": (_events, 4_000_000),
    "marks of sources": (_marks, 10_000),
    "a text that is masked": (lambda size: clean_text("a**" * (size // 3)), 100_000),
    "limits in an error": (lambda size: read_named_limit("max_tokens" * (size // 10), 16_384), 100_000),
    "a key in an answer": (lambda size: FORMS.spans(f"{KEY[:12]}**".encode() * (size // 14)), 50_000),
}


def main() -> None:
    """Prints each reader's times and their ratio."""
    for name, (read, size) in READERS.items():
        small, large = (min(_seconds(read, each) for _ in range(ROUNDS)) for each in (size, TIMES * size))
        print(f"{name:28} {small * 1_000:8.2f} ms {large * 1_000:8.2f} ms  {large / small:5.1f}")


def _seconds(read: Callable[[int], object], size: int) -> float:
    began = time.process_time()
    read(size)
    return time.process_time() - began


if __name__ == "__main__":
    main()
