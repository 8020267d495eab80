"""Lines of CSV hold what was said, and nothing that a spreadsheet would run."""

import csv
import io

import pytest

from app.api.v1.csv_lines import cell, line


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1+1", "＠x"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"
    [read] = csv.reader(io.StringIO(line([cell(text), "b"]).decode(), newline=""))
    assert read == [f"'{text}", "b"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ada;=1+1;b", "ada;'=1+1;b"),
        ("ada; -1", "ada; '-1"),
        ("a\t@x", "a\t'@x"),
        ("a\n=1", "a\n'=1"),
        ("a;b=1", "a;b=1"),
    ],
)
def test_no_formula_begins_where_another_spreadsheet_cuts(text: str, written: str) -> None:
    assert cell(text) == written
    assert cell({"a": "x;=1"}) == '{"a":"x;\'=1"}'


def test_a_number_of_ours_may_begin_with_a_minus_and_nothing_is_an_empty_cell() -> None:
    assert cell("-0.5", is_number=True) == "-0.5"
    assert cell(None) == "" and cell(7) == "7"


def test_metadata_is_json_and_quotes_are_kept() -> None:
    assert cell({"a": "é", "b": [1]}) == '{"a":"é","b":[1]}'
    [read] = csv.reader(io.StringIO(line(['say "hi", ada', "x\ny"]).decode(), newline=""))
    assert read == ['say "hi", ada', "x\ny"]
    assert line(["\ud800"]).decode("ascii") == "\\ud800\r\n"
