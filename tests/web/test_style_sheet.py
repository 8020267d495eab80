"""The style sheet is whole: no rule stands inside another's block, and one place says how a thing looks."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

SHEET = Path("assets/coinslot.css").read_text()
GROUPS = ("@media", "@container", "@keyframes", "@supports")


def rules(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Returns each block of declarations: the heads that it stands in, its own last, and what it declares.

    Raises AssertionError where a block is not closed, or closed twice.
    """
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    found, heads, buffer = [], [""], ""
    for piece in re.split(r"([{}])", text):
        if piece == "{":
            heads.append(buffer.rpartition(";")[2].strip())
        elif piece == "}":
            assert len(heads) > 1, f"closed without being open, before {buffer[:60]!r}"
            found.append((tuple(heads[1:]), buffer))
            heads.pop()
            buffer = ""
            continue
        buffer = "" if piece == "{" else piece
    assert heads == [""], f"never closed: {heads[1]}"
    return found


def test_no_rule_stands_in_another_groups_block() -> None:
    for heads, _ in rules(SHEET):
        assert len(heads) <= 2 and all(head.startswith(GROUPS) for head in heads[:-1]), heads


def test_a_heading_stands_between_blocks() -> None:
    """A block that is left open swallows the next page's rules, as long as another is closed once too often."""
    depth = 0
    for line in SHEET.split("\n"):
        assert not (line.startswith("/*") and depth), f"{line} stands in a block that is open"
        depth += line.count("{") - line.count("}")


def test_a_lost_brace_is_found() -> None:
    cut = SHEET.replace("\n}\n", "\n", 1)
    assert cut != SHEET
    with pytest.raises(AssertionError, match=r"never closed"):
        rules(cut)


def test_one_place_says_how_a_thing_looks() -> None:
    """Two pages that mean different things by one class would each look as the other wants."""
    said: dict[tuple[str, str], set[str]] = defaultdict(set)
    for heads, declared in rules(SHEET):
        if len(heads) == 1 and re.fullmatch(r"\.[\w-]+", heads[0]):
            for name, _, value in (line.partition(":") for line in declared.split(";") if line.strip()):
                said[heads[0], name.strip()].add(value.strip())
    assert {what: values for what, values in said.items() if len(values) > 1} == {}


def test_a_table_stays_one_whatever_its_cards_are_called_on_a_phone() -> None:
    """A layout of a class that tables have too put the head of a table beside its rows."""
    of_tables = set(re.findall(r"\.listing\.([a-z-]+)", SHEET)) - {"listing"}
    for heads, declared in rules(SHEET):
        if re.search(r"display:\s*(grid|flex|block)", declared):
            bare = {one.strip().removeprefix(".") for one in heads[-1].split(",")}
            assert not bare & of_tables, f"{heads[-1]} lays out a table"
