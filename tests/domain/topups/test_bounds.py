"""Both ends of the bounds may be paid, and they are said in dollars."""

from app.domain.topups.bounds import USUAL, TopupBounds


def test_both_ends_may_be_paid() -> None:
    bounds = TopupBounds(500, 2_000)
    assert [bounds.admits(cents) for cents in (499, 500, 2_000, 2_001)] == [False, True, True, False]
    assert str(bounds) == "from $5.00 to $20.00" and str(USUAL) == "from $3.00 to $10,000.00"
