"""Lines of CSV that a spreadsheet can open: nothing in them is taken for a formula, and nothing is cut."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

CSV = "text/csv"
FORMULA_BEGINS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""How cells begin that spreadsheets run (https://owasp.org/www-community/attacks/CSV_Injection)."""
_CUT = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@＝＋－＠])")
"""Where a spreadsheet whose lists are parted otherwise, as in German, would begin a cell of its own with a formula."""

write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""The standard library's, because an app's metadata may hold numbers of any size."""


def line(cells: Sequence[str]) -> bytes:
    """Returns one line, quoted where need be."""
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return encoded(written.getvalue())


def encoded(text: str) -> bytes:
    """Writes UTF-8; half a surrogate pair, which metadata may hold, as its JSON escape."""
    return text.encode(errors="backslashreplace")


def cell(value: Any, *, is_number: bool = False) -> str:
    """Returns a cell that no spreadsheet takes for a formula; a number of ours may begin with a minus."""
    if value is None:
        return ""
    text = write_json(value) if isinstance(value, dict) else str(value)
    if is_number:
        return text
    text = _CUT.sub(r"\1'", text)
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text
