"""The commands that the README and the guide show are ones: each program, option, module and path is there.

Commands stand in blocks of `sh`, so that they can be found and run; in a sentence stands only what a block has too.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from app.cli import cli
from tests.architecture.guide import fenced_commands, in_line, name_of, shown
from tests.architecture.source import ROOT, report

COINSLOT = get_command(cli)
TOOLS = ("mypy", "ruff")
SETTING = re.compile(r"[A-Z_]+=")
PLACEHOLDER = re.compile(r"[A-Z]+")


def test_commands_of_the_guide_are_ones() -> None:
    report(
        f"{name_of(page)}:1: shows `{command}`: {complaint}."
        for page in shown()
        for command in (*fenced_commands(page.read_text()), *(code for _, code in in_line(page.read_text())))
        if is_ours(words_of(command)) and (complaint := complaint_of(words_of(command)))
    )


def test_commands_stand_in_blocks() -> None:
    fenced = [words_of(command) for page in shown() for command in fenced_commands(page.read_text())]
    report(
        f"{name_of(page)}:{line}: `{code}` stands in no block of sh."
        for page in shown()
        for line, code in in_line(page.read_text())
        if code.startswith("uv run") and not any(begins(command, words_of(code)) for command in fenced)
    )


def words_of(command: str) -> list[str]:
    """Returns a command's words without the settings before it; none for what no shell could read."""
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    while words and SETTING.match(words[0]):
        words.pop(0)
    return words


def is_ours(words: Sequence[str]) -> bool:
    return bool(words) and (list(words[:2]) == ["uv", "run"] or words[0] == "tests/run")


def begins(command: Sequence[str], said: Sequence[str]) -> bool:
    """Tells whether a command begins with what is said, up to its first option or placeholder."""
    head = list(said)
    for number, word in enumerate(said):
        if (word.startswith("-") and word != "-m") or PLACEHOLDER.fullmatch(word):
            head = list(said[:number])
            break
    return list(command[: len(head)]) == head


def complaint_of(words: Sequence[str]) -> str:
    """Returns what is wrong with a command of ours, "" for nothing."""
    return "; ".join(_complaints(words))


def _complaints(words: Sequence[str]) -> Iterator[str]:
    if words[0] == "tests/run":
        script = (ROOT / "tests" / "run").read_text()
        yield from (f"tests/run knows no {word}" for word in words[1:] if f"{word})" not in script)
        return
    program, rest = words[2], list(words[3:])
    if program == "coinslot":
        yield from _of_coinslot(rest)
    elif program == "python" and rest[:1] == ["-m"]:
        yield from _of_module(rest[1], rest[2:])
    elif program == "pytest":
        yield from (f"there is no {word}" for word in rest if not word.startswith("-") and not (ROOT / word).exists())
    elif program not in TOOLS:
        yield f"{program} is not known"


def _of_coinslot(words: Sequence[str]) -> Iterator[str]:
    assert isinstance(COINSLOT, TyperGroup)
    command = COINSLOT.commands.get(words[0] if words else "")
    if command is None:
        yield f"coinslot has no such command as {' '.join(words)}"
        return
    try:
        command.make_context(words[0], list(words[1:]))
    except TyperException as error:
        yield str(error)


def _of_module(module: str, options: Sequence[str]) -> Iterator[str]:
    found = find_spec(module)
    if found is None or found.origin is None:
        yield f"there is no module {module}"
        return
    text = Path(found.origin).read_text()
    yield from (f"{module} knows no {word}" for word in options if word.startswith("--") and f'"{word}"' not in text)


@pytest.mark.parametrize(
    "command",
    ["uv run coinslot nothing", "uv run coinslot demo --nothing", "uv run coinslot demo --port x", "uv run nothing",
     "uv run python -m tests.bench.nothing", "uv run python -m tests.bench.ledger --nothing", "uv run coinslot",
     "uv run pytest tests/nothing", "tests/run --nothing", "COINSLOT_PROXIES=1 uv run coinslot serve --nothing"],
)  # fmt: skip
def test_a_command_that_is_none_is_seen(command: str) -> None:
    assert is_ours(words_of(command)) and complaint_of(words_of(command))


@pytest.mark.parametrize(
    "command",
    ["uv run coinslot demo --port 8001 --no-web", "uv run coinslot job NAME", "uv run pytest tests/flows -q",
     "uv run python -m tests.bench.ledger --memory 1", "tests/run --quick", "uv run mypy"],
)  # fmt: skip
def test_a_command_that_is_one_is_fine(command: str) -> None:
    assert is_ours(words_of(command)) and not complaint_of(words_of(command))


def test_commands_are_found_in_blocks() -> None:
    text = "```sh\npip install uv && uv run coinslot demo  # it\nX=1 uv run mypy \\\n  app\n```\n`uv run ruff`\n"
    assert [words_of(command) for command in fenced_commands(text)] == [
        ["pip", "install", "uv"], ["uv", "run", "coinslot", "demo"], ["uv", "run", "mypy", "app"],
    ]  # fmt: skip
    assert not any(begins(words_of(command), ["uv", "run", "ruff"]) for command in fenced_commands(text))
