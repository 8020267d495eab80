"""Percentages and amounts as people type them."""

import pytest

from app.domain.errors import BadField
from app.domain.money import NANOS
from app.flows.drafts.typed import read_amount, read_markup


@pytest.mark.parametrize(("text", "found"), [("20", 2_000), (" 12.5 % ", 1_250), ("0", 0), ("", 0), ("0.01", 1)])
def test_percentages(text: str, found: int) -> None:
    assert read_markup(text) == found


@pytest.mark.parametrize(("text", "found"), [("", 0), ("0.00", 0), ("$0.002", NANOS // 500), ("1", NANOS)])
def test_amounts(text: str, found: int) -> None:
    assert read_amount(text, "minimum_nanos") == found


@pytest.mark.parametrize("text", ["-1", "1e3", "a lot", "1,5", "0.0000000001", "1.234", "10000.01"])
def test_anything_else_names_its_field(text: str) -> None:
    with pytest.raises(BadField) as refused:
        read_markup(text)
    assert refused.value.field == "markup_basis_points"
