"""The bar of a cap shows what was used of it."""

import pytest

from app.web.end_user.wallet.rows import _share


@pytest.mark.parametrize(
    ("used", "cap", "width"),
    [(0, 20, "0%"), (1, 20_000, "max(0.0%, 6px)"), (5, 20, "max(25.0%, 6px)"), (30, 20, "max(100.0%, 6px)"),
     (1, 0, "100%")],
)  # fmt: skip
def test_however_little_was_used_can_be_seen(used: int, cap: int, width: str) -> None:
    assert _share(used, cap) == width
