"""The first request of an app in three languages: files that a test runs, with a paywall's address and model put in."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "snippets"
BASE, MODEL = "https://pay.example.com/v1", "demo-mini"
"""What stands in the files where a paywall's own address and model go."""


@dataclass(frozen=True)
class Snippets:
    """What an app is changed to, by language; the key is read from the environment in each."""

    python: str = ""
    javascript: str = ""
    curl: str = ""


def snippets_for(base_url: str, model: str) -> Snippets:
    """Returns the snippets of a paywall: `base_url` ends with /v1, `model` is one that it offers."""
    texts = (_text(name).replace(BASE, base_url).replace(f'"{MODEL}"', f'"{model}"') for name in _NAMES)
    return Snippets(*texts)


_NAMES = ("python", "javascript", "curl")


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.txt").read_text().rstrip()
