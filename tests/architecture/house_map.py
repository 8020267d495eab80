"""Draws the map of the house: every folder of `app`, with what its `__init__.py` says first."""

import ast
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from tests.architecture.source import ROOT

CAPTION_COLUMN = 32


def on_disk() -> list[str]:
    """Returns every file that git keeps or would keep."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).exists()]


def folders(paths: Iterable[str]) -> dict[str, str]:
    """Returns the folders of `app` that hold modules, each with its caption, in the order of a tree."""
    found = {
        str(parent)
        for path in paths
        if path.startswith("app/") and path.endswith(".py")
        for parent in PurePosixPath(path).parents
        if len(parent.parts) > 1
    }
    return {folder: _caption(folder) for folder in sorted(found)}


def _caption(folder: str) -> str:
    try:
        docstring = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text())) or ""
    except FileNotFoundError:
        return ""
    return " ".join(docstring.split("\n\n")[0].split())


def drawn(captions: Mapping[str, str]) -> str:
    """Returns the map as text."""
    lines = ["app/"]
    for folder, caption in captions.items():
        name = "  " * folder.count("/") + folder.rpartition("/")[2] + "/"
        lines.append(f"{name:<{CAPTION_COLUMN}}{caption}".rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(drawn(folders(on_disk())), end="")
