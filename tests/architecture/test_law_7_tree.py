"""Law 7: the map in `app/guide/design/house.md` is the folders on disk, and the top level is fixed.

A folder's line is its path and the first sentence of its `__init__.py`; `python -m tests.architecture.house_map`
prints it.
"""

import re

import pytest

from tests.architecture.house_map import drawn, folders, on_disk
from tests.architecture.source import ROOT, report

TOP_LEVEL = frozenset(
    {
        "rxconfig.py", "app", "assets", "alembic", "tests", "pyproject.toml", "README.md", ".ci", "uv.lock",
        "reflex.lock", ".gitignore",
    }
)  # fmt: skip


def test_the_map_is_the_folders_on_disk() -> None:
    found = re.search(
        r"^## The map\n+```text\n(.*?)^```", (ROOT / "app/guide/design/house.md").read_text(), re.M | re.S
    )
    assert found is not None, "app/guide/design/house.md has no map."
    assert found[1] == drawn(folders(on_disk())), "python -m tests.architecture.house_map prints the map as it is"


def test_the_top_level_is_fixed() -> None:
    tops = {path.split("/")[0] for path in on_disk()}
    report(f"{top}:1: the top level is fixed; put it into a folder that is there." for top in sorted(tops - TOP_LEVEL))


def test_every_folder_says_what_it_is() -> None:
    report(f"{path}/__init__.py:1: says nothing." for path, caption in folders(on_disk()).items() if not caption)


@pytest.mark.parametrize("path", ["app/flows/chat/hold.py", "app/flows/chat/deep/hold.py"])
def test_a_folder_is_drawn_below_its_room(path: str) -> None:
    assert list(folders([path]))[-1] == path.rpartition("/")[0]
