"""The commands that the README and the guide show: every one of their blocks of `sh`, as a shell reads them."""

import shlex
from collections.abc import Iterator

from tests.architecture.guide import COMMENT, SHELL, name_of, shown


def shown_commands() -> dict[str, str]:
    """Returns each command that is shown, once, with the page that shows it first."""
    found: dict[str, str] = {}
    for page in shown():
        for command in commands_of(page.read_text()):
            found.setdefault(command, name_of(page))
    return found


def commands_of(text: str) -> Iterator[str]:
    """Yields the commands of a page: without comments, with quotes closed, `a && b` as two.

    Fails where a block ends in the middle of a command.
    """
    for block in SHELL.findall(text):
        begun = ""
        for line in COMMENT.sub("", block).splitlines():
            begun = f"{begun}\n{line}" if begun else line
            if begun.strip() and is_whole(begun):
                yield from (part.strip() for part in begun.split(" && "))
                begun = ""
        assert not begun.strip(), f"This block ends in the middle of a command: {begun}"


def is_whole(command: str) -> bool:
    """Tells whether a command ends here, and not in a quote or at a backslash."""
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command)
    except ValueError:
        return False
    return True
