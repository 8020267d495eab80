"""How much JavaScript each page loads, compressed as it is served: all of it, and what is the page's own.

`uv run python -m tests.bench.scripts .coinslot` of an instance whose pages are built. It ends with 1 where a page is
over its measure.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE_BYTES_MAX, OWN_BYTES_MAX = 180 * 1024, 18 * 1024
_IMPORT = re.compile(r"""(?:from|import)\s*["'`](\./[^"'`]+\.js)["'`]""")
_ENTRIES = ("entry.client-*.js", "root-*.js", "manifest-*.js")


@dataclass(frozen=True)
class Loaded:
    """What a page loads: its bytes on the wire, and those that no other page needs."""

    page: str
    whole: int
    own: int


def measure(assets: Path) -> list[Loaded]:
    """Returns what each page loads, the heaviest first; `assets` is the folder of built scripts."""
    needed = _reached(assets, [file for pattern in _ENTRIES for file in _only(assets, pattern)])
    pages = {file: _reached(assets, [file]) for file in assets.glob("*_index-*.js")}
    shared = {file for file in set().union(*pages.values()) if sum(file in of for of in pages.values()) > 1}
    found = []
    for file, own in pages.items():
        found.append(Loaded(_page_of(file.name), _served(needed | own), _served(own - needed - shared)))
    return sorted(found, key=lambda one: -one.whole)


def _page_of(name: str) -> str:
    """Returns the route of a page's script: `/paywalls/[paywall]/limits`."""
    parts = [part.strip("_") if not part.startswith("__") else f"[{part.strip('_')}]" for part in name.split(".")]
    return "/" + "/".join(part for part in parts[:-1] if not part.startswith("index-"))


def _only(assets: Path, pattern: str) -> list[Path]:
    found = list(assets.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} files {pattern} in {assets}: what is loaded first is called otherwise.")
    return found


def _reached(assets: Path, begun: Iterable[Path]) -> set[Path]:
    """Returns scripts with all that they import before they run."""
    found, open_ = set[Path](), list(begun)
    while open_:
        file = open_.pop()
        if file not in found:
            found.add(file)
            open_ += [assets / name for name in _IMPORT.findall(file.read_text())]
    return found


def _served(files: Iterable[Path]) -> int:
    return sum(Path(f"{file}.gz").stat().st_size for file in files)


def too_heavy(loaded: Iterable[Loaded]) -> Mapping[str, str]:
    """Returns the pages that are over their measure, each with how much."""
    return {
        one.page: f"{one.whole / 1024:.0f} KiB, {one.own / 1024:.1f} of its own"
        for one in loaded
        if one.whole > PAGE_BYTES_MAX or one.own > OWN_BYTES_MAX
    }


def main() -> int:
    loaded = measure(Path(sys.argv[1]) / "web" / "build" / "client" / "assets")
    print("| page | KiB | of its own |\n|---|---:|---:|")
    for one in loaded:
        print(f"| `{one.page}` | {one.whole / 1024:.1f} | {one.own / 1024:.1f} |")
    heavy = too_heavy(loaded)
    for page, said in heavy.items():
        print(f"Too heavy: {page}, {said}")
    return 1 if heavy else 0


if __name__ == "__main__":
    sys.exit(main())
