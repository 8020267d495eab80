"""What the guide, docstrings and comments name is there: files, folders, functions, settings."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from app.settings import Settings
from tests.architecture.guide import GUIDE, in_line, name_of, shown
from tests.architecture.source import ROOT, FunctionNode, Source, app, report, sources

TOPS = ("app", "tests", "alembic", "assets", ".ci")
PATH = re.compile(
    r"(?<![\w/.<$-])((?:(?:app|tests|alembic|assets|\.ci)/|(?:[\w-]+/)+(?=[\w-]+\.py\b))[\w./-]*)(?::([A-Za-z_][\w.]*))?"
)
"""A path from the root, or one in `app` that ends in a module; and the function behind its colon, if there is one."""
COMMENT = re.compile(r"(?:^|\s)# .*")
STANDS_FOR_ANY = re.compile(r"(^|/)(x|y|deep)(/|$|\.)|<|\*")
"""Such as `app/x/y.py`: a path that stands for others."""
SETTING = re.compile(r"COINSLOT_[A-Z_]+")
SETTING_ROW = re.compile(r"^\| (`COINSLOT_.*?) \| (.*?) \|", re.M)
"""The names of a row of the configuration, and its defaults."""
OF_COMMAND_LINE: dict[str, str] = {"COINSLOT_IS_DEMO": "the command `demo` says it, and nobody else should"}
"""Settings that are not for the environment, each with its reason."""
NO_SETTINGS: dict[str, str] = {
    "COINSLOT_KEY": "what the README calls the app's key",
    "COINSLOT_SHARED_KEY": "what the guide calls the shared paywall's key",
    "COINSLOT_MESSAGE_SECRET": "what the guide calls the secret of a developer's endpoint",
}
"""Names in the guide that look like settings, each with what it is."""


def test_paths_in_the_guide_are_there() -> None:
    report(found for page in shown() for found in dead_names(name_of(page), in_line(page.read_text())))


def test_paths_in_docstrings_and_comments_are_there() -> None:
    everything = (*app(), *sources("tests", "alembic", "rxconfig.py"))
    code = (source for source in everything if PATH.search(source.text))  # the others need not be parsed
    report(found for source in code for found in dead_names(source.path, prose(source)))


def dead_names(place: str, words: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Paths in some words that are not there, and functions that their file does not have."""
    for line, text in words:
        for path, name in PATH.findall(text):
            path = path.rstrip("./")
            if STANDS_FOR_ANY.search(path):
                continue
            found = located(path)
            if found is None:
                yield f"{place}:{line}: names `{path}`, which is not there."
            elif name and name.rstrip(".") not in names_in(found):
                yield f"{place}:{line}: names `{path}:{name}`, which that file does not have."


def located(path: str) -> Path | None:
    """Returns the file or folder that a path means: from the root, or from `app`; a module may be a package."""
    for top in (ROOT, ROOT / "app"):
        for found in (top / path, top / f"{path}.py"):
            if found.exists():
                return found
    return None


@cache
def names_in(file: Path) -> frozenset[str]:
    """Returns what a module defines: classes with their methods, functions, constants."""
    return frozenset(_names(ast.parse(file.read_text()).body)) if file.suffix == ".py" else frozenset()


def _names(body: Iterable[ast.stmt], owner: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, FunctionNode):
            yield owner + node.name
        elif isinstance(node, ast.ClassDef):
            yield owner + node.name
            yield from _names(node.body, f"{owner}{node.name}.")
        elif isinstance(node, ast.Assign):
            yield from (owner + target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield owner + node.target.id


def prose(source: Source) -> Iterator[tuple[int, str]]:
    """Yields the lines of docstrings and comments, but for those that are commands."""
    for node in source.nodes:
        if isinstance(node, ast.Module | ast.ClassDef | FunctionNode) and (
            text := ast.get_docstring(node, clean=False)
        ):
            first = node.body[0].lineno
            lines = enumerate(text.splitlines(), first)
            yield from ((number, line) for number, line in lines if not line.strip("` ").startswith("uv run"))
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := COMMENT.search(line):
            yield number, found[0]


CONFIGURATION = GUIDE / "use" / "configuration.md"


def test_every_setting_is_in_the_configuration() -> None:
    told = {name for names, _ in SETTING_ROW.findall(CONFIGURATION.read_text()) for name in SETTING.findall(names)}
    there = {f"COINSLOT_{name.upper()}" for name in Settings.model_fields} - set(OF_COMMAND_LINE)
    assert told == there, f"not told: {there - told}; not there: {told - there}"


def test_the_configuration_says_the_defaults() -> None:
    """Of those that have one that can be written down; of the others it says what happens without them."""
    said: dict[str, str] = {}
    for names, defaults in SETTING_ROW.findall(CONFIGURATION.read_text()):
        settings, values = SETTING.findall(names), re.findall(r"`([^`]+)`", defaults)
        said |= dict(zip(settings, values, strict=True)) if len(settings) == len(values) else {}
    fields = {f"COINSLOT_{name.upper()}": field.default for name, field in Settings.model_fields.items()}
    written = {name: str(value).lower() for name, value in fields.items() if isinstance(value, int | float)}
    del written["COINSLOT_IS_DEMO"]
    assert {name: said.get(name) for name in written} == written


def test_every_setting_that_is_named_is_there() -> None:
    there = {f"COINSLOT_{name.upper()}" for name in Settings.model_fields} | set(NO_SETTINGS)
    report(
        f"{name_of(page)}:1: names {name}, which is no setting."
        for page in shown()
        for name in sorted(set(SETTING.findall(page.read_text())) - there)
        if not name.endswith("_")
    )


@pytest.mark.parametrize(
    "text",
    ["see `app/nowhere.py`", "`app/flows/nowhere/`", "tests/nowhere says", "flows/nowhere.py", "app/db.py:nothing",
     "`app/db.py:in_transaction.nothing`"],
)  # fmt: skip
def test_a_dead_name_is_seen(text: str) -> None:
    assert list(dead_names("app/db.py", [(1, text)]))


@pytest.mark.parametrize(
    "text",
    ["`app/db.py`", "app/db.py:in_transaction.", "`app/commit_queue.py:CommitQueue.submit`", "`app/flows/chat/`",
     "domain/errors.py", "`app/x/y.py`", "https://example.org/app/x", "`tests/run --quick`", "text/event-stream",
     "app/settings"],
)  # fmt: skip
def test_a_name_that_is_there_is_fine(text: str) -> None:
    assert not list(dead_names("app/db.py", [(1, text)]))


def test_docstrings_and_comments_are_prose() -> None:
    text = '"""One.\n\nuv run app/nowhere.py\n"""\n\n\ndef two() -> str:\n    """Two."""\n    return "three"  # four\n'
    assert {line.strip() for _, line in prose(Source("app/db.py", text))} >= {"One.", "Two.", "# four"}
    assert not any("nowhere" in line or "three" in line for _, line in prose(Source("app/db.py", text)))
