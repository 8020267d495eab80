"""Sections cut smaller, as evidence: a paragraph, an item of a list, a row of a table, with the code that follows it.

A question is about one of them; of a whole page each word stands somewhere.
"""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^ {0,3}(?:```|~~~)")
_ITEM = re.compile(r"^(?:[-*]|\d+\.) ")
_RULE = re.compile(r"^\|[\s|:-]+\|$")
_SHORT = 60
"""Characters that say too little alone: a line that introduces what follows."""


def passages_of(text: str) -> list[str]:
    """Returns the passages of a section's Markdown, in their order; one of nothing where it has none."""
    found: list[str] = []
    for block in _blocks(text.splitlines()):
        if found and (_FENCE.match(block) or len(found[-1]) < _SHORT):
            found[-1] += "\n" + block
        else:
            found.append(block)
    return found or [""]


def _blocks(lines: list[str]) -> Iterator[str]:
    block: list[str] = []
    is_code = False
    for line in lines:
        if is_code:
            block.append(line)
            is_code = not _FENCE.match(line)
            if not is_code:
                yield "\n".join(block)
                block = []
            continue
        is_code = bool(_FENCE.match(line))
        if block and (is_code or not line.strip() or line.startswith("|") or _ITEM.match(line)):
            yield "\n".join(block)
            block = []
        if line.strip() and not _RULE.match(line):
            block.append(line)
    if block:
        yield "\n".join(block)
