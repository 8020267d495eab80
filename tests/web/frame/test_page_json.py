"""Pages get the JSON that Reflex's own encoder would write."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson
import pytest
from reflex.istate.data import RouterData
from reflex.utils import format as reflex_format

from app.web.frame.page_json import dumps


class Size(StrEnum):
    SMALL = "small"


class Word(str):
    pass


@dataclass(frozen=True)
class Row:
    name: str
    amount: int
    share: float | None = None
    parts: tuple["Row", ...] = ()


@dataclass(frozen=True)
class Hidden:
    name: str
    _own: int = 1


MANY = [
    Row("é\n\"<'", -5, 0.1, (Row("b", 2**60),)),
    Hidden("a"),
    {"rows": [Row(str(number), number) for number in range(60)], "size": Size.SMALL, "word": Word("w"), "none": None},
    [datetime(2026, 11, 29, tzinfo=UTC), Decimal("1.20"), {1, 2}, (1, "2", True)],
    RouterData(),
    {1: "a number as a name", "large": 2**70},
]


@pytest.mark.parametrize("value", MANY, ids=lambda value: type(value).__name__)
def test_a_value_is_written_as_reflex_writes_it(value: Any) -> None:
    assert orjson.loads(dumps(value)) == orjson.loads(reflex_format.json_dumps(value, separators=(",", ":")))
