"""The columns of sums are the sums, in their order: rows are written and read by their place."""

from app.domain.rollups.sum_columns import SumColumns
from app.domain.rollups.sums import NAMES


def test_columns_and_sums_have_the_same_names() -> None:
    assert tuple(SumColumns.model_fields) == NAMES
