"""Law 7: the tree in `README.md` is the tree on disk, and the top level is fixed.

How the README writes it: a fenced block under the heading "The tree"; a name is `folder/` or `file.ext`, an entry's
children are indented below it or stand behind it on its line; notes in parentheses and the words after the last
name are prose. `app` and its rooms are listed whole, other folders whole or not at all; `__init__.py` goes unnamed.
"""

import re
import subprocess
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

import pytest

from tests.architecture.source import ROOT, report

TOP_LEVEL = frozenset(
    {
        "rxconfig.py", "app", "assets", "alembic", "tests", "pyproject.toml", "README.md", ".ci", "uv.lock",
        "reflex.lock", ".gitignore",
    }
)  # fmt: skip
ROOMS = ("app", "app/domain", "app/formats", "app/flows", "app/adapters", "app/api", "app/web", "app/jobs")

NAME = re.compile(r"(?:[\w.-]+/)+|[\w-][\w.-]*\.[a-z]{2,10}")
TOKEN = re.compile(r"\([^()]*\)|\S+")


def test_the_readme_shows_the_tree_on_disk() -> None:
    report(differences(written(block((ROOT / "README.md").read_text())), on_disk()))


def test_the_top_level_is_fixed() -> None:
    tops = {path.split("/")[0] for path in on_disk()}
    report(f"{top}:1: the top level is fixed; put it into a folder that is there." for top in sorted(tops - TOP_LEVEL))


def on_disk() -> frozenset[str]:
    """Returns every file that git keeps or would keep, and its folders, without `__init__.py`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = {PurePosixPath(name) for name in listed if (ROOT / name).exists()}
    folders = {parent for file in files for parent in file.parents if parent.name}
    return frozenset(str(path) for path in files | folders if path.name != "__init__.py")


def block(readme: str) -> str:
    """Returns the fenced block under the heading "The tree"."""
    found = re.search(r"^#+ +The tree *\n.*?^```\w*\n(.*?)^```", readme, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return found[1] if found else ""


def written(text: str) -> frozenset[str]:
    """Returns every path that a tree names."""
    paths: set[str] = set()
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        drawn = re.sub(r"[│├└─┬|]", " ", line)
        indent = len(drawn) - len(drawn.lstrip())
        while parents and parents[-1][0] >= indent:
            parents.pop()
        above = parents[-1][1] if parents else ""
        for name in _names(drawn):
            is_folder = name.endswith("/")
            is_inside = not is_folder and bool(parents) and parents[-1][0] == indent
            path = f"{parents[-1][1] if is_inside else above}{name}"
            paths.add(path.rstrip("/"))
            if is_folder:
                parents = [(depth, parent) for depth, parent in parents if depth < indent] + [(indent, path)]
    return frozenset(paths)


def _names(line: str) -> Iterator[str]:
    """Yields the names at the head of a line; the first word that is none begins the prose."""
    for token in TOKEN.findall(line):
        if token.startswith("("):
            continue
        if not NAME.fullmatch(token):
            return
        yield token


def differences(named: Collection[str], existing: Collection[str]) -> Iterator[str]:
    """What the README names and is not there, and what is there, in a folder that it lists, and it does not name."""
    if not named:
        yield 'README.md:1: has no fenced block with names under a heading "The tree".'
        return
    for path in sorted(set(named) - set(existing)):
        yield f"README.md:1: names {path}, which is not on disk."
    listed = {str(PurePosixPath(path).parent) for path in named if path.startswith("app/")} | set(ROOMS)
    for path in sorted(set(existing) - set(named)):
        if str(PurePosixPath(path).parent) in listed:
            yield f"README.md:1: does not name {path}, which is on disk."


TREE = """app/
  app.py           builds rx.App: api, pages and nothing else
  db.py settings.py
  domain/
    money.py clock.py (the only one that reads the time, see db.py)
    ledger/        accounts.py (the chart) apply.py   the only writer
    people/        accounts, keys; see settings.py
    topups/ refunds/    states, each with its posting
  flows/           chat.py
"""
PATHS = frozenset(
    {
        "app", "app/app.py", "app/db.py", "app/settings.py", "app/domain", "app/domain/money.py",
        "app/domain/clock.py", "app/domain/ledger", "app/domain/ledger/accounts.py", "app/domain/ledger/apply.py",
        "app/domain/people", "app/domain/topups", "app/domain/refunds", "app/flows", "app/flows/chat.py",
    }
)  # fmt: skip


def test_a_tree_is_read_as_it_is_meant() -> None:
    assert written(TREE) == PATHS


def test_a_drawn_tree_is_read_the_same() -> None:
    assert written("app/\n├── db.py   opens\n└── flows/\n    └── chat.py") == {
        "app", "app/db.py", "app/flows", "app/flows/chat.py",
    }  # fmt: skip


def test_the_block_is_found_by_its_heading() -> None:
    assert block(f"# Coinslot\n```\nno/\n```\n## The tree\nSix rooms.\n\n```text\n{TREE}```\n") == TREE
    assert list(differences(written(block("# Coinslot\n```\nno/\n```\n")), PATHS))


@pytest.mark.parametrize("path", ["app/wiring.py", "app/domain/ids.py", "app/domain/ledger/book.py", "app/jobs"])
def test_a_difference_is_seen_in_both_directions(path: str) -> None:
    assert len(list(differences(PATHS, PATHS | {path}))) == 1
    assert len(list(differences(PATHS | {path}, PATHS))) == 1


def test_a_package_may_stay_closed() -> None:
    assert not list(differences(PATHS, PATHS | {"app/domain/people/people.py"}))
