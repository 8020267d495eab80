"""An answer without a model: the section that fits best, in its own words, with its snippet."""

import re

from app.flows.help.index import Found

WHOLE_CHARACTERS_MAX = 1_400
"""A section up to this is quoted whole; of a longer one the passage that fits, with the code of the section."""
_FENCED = re.compile(r"^(```|~~~)[^\n]*\n.*?^\1[ \t]*$", re.M | re.S)
_LOCAL = "http://127.0.0.1:8000"


def quote(found: Found) -> str:
    """Returns what a section says of a question, as Markdown."""
    text = found.section.text
    if len(text) <= WHOLE_CHARACTERS_MAX:
        return text
    passage = _with_head(text, found.passage) if found.passage.startswith("|") else found.passage
    snippet = _FENCED.search(text)
    return passage if snippet is None or _FENCED.search(passage) else f"{passage}\n\n{snippet[0]}"


def personal(text: str, base_url: str) -> str:
    """Returns a text of the guide with the reader's own address of this instance in its snippets."""
    text = text.replace(_LOCAL, base_url)
    return re.sub(r'(?<=[ "])\$BASE(?:_URL)?(?=/)', base_url, text)


def _with_head(text: str, row: str) -> str:
    """Returns a row of a table beneath the table's head."""
    lines = text.splitlines()
    first = row.splitlines()[0]
    at = next((at for at, line in enumerate(lines) if line == first), 0)
    rule = next((back for back in range(at, -1, -1) if re.fullmatch(r"\|[\s|:-]+\|", lines[back])), 0)
    return "\n".join((*lines[max(rule - 1, 0) : rule + 1], row))
