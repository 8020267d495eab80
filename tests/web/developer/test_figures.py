"""Sums in words: revenue is after refunds, and a cost that nobody knows is no 0."""

from app.domain.money import NANOS, Unit
from app.domain.rollups.reading import Users
from app.domain.rollups.sums import NOTHING, Sums
from app.web.developer.frame.figures import NOT_KNOWN, to_row, users_in_words


def test_revenue_is_what_is_left_after_refunds() -> None:
    row = to_row("30 days", Sums(requests=12_345, gross_nanos=10 * NANOS, refunds_nanos=2 * NANOS, cost_nanos=5 * NANOS,
                                 fee_nanos=NANOS), Unit.USDC)  # fmt: skip
    assert (row.gross, row.refunds, row.revenue) == ("10.00 USDC", "−2.00 USDC", "8.00 USDC")
    assert (row.cost, row.fee, row.margin, row.share) == ("5.00 USDC", "1.00 USDC", "2.00 USDC", "25.0 % of revenue")
    assert row.requests == "12,345"


def test_a_cost_that_nobody_knows_is_said_and_is_no_zero() -> None:
    unknown = to_row("", Sums(gross_nanos=NANOS, unknown_net_nanos=NANOS), Unit.USD)
    assert (unknown.cost, unknown.margin, unknown.share) == (NOT_KNOWN, NOT_KNOWN, "no cost is known")
    partly = to_row("", Sums(gross_nanos=3 * NANOS, unknown_net_nanos=NANOS, cost_nanos=NANOS), Unit.USD)
    assert (partly.margin, partly.share) == ("$1.00", "leaves out $1.00, cost not known")
    assert to_row("", NOTHING, Unit.USD).share == ""


def test_so_many_users_that_nobody_counted_them_all_are_said_so() -> None:
    assert users_in_words(Users(10_000, is_more=True)) == "10,000+ users"
    assert [users_in_words(Users(count)) for count in (0, 1, 7)] == ["0 users", "1 user", "7 users"]


def test_a_fee_stands_where_one_is_taken() -> None:
    taken = {unit: to_row("", NOTHING, unit).has_fee for unit in (Unit.USD, Unit.USDC)}
    assert taken == {Unit.USD: False, Unit.USDC: True}
    assert to_row("", Sums(gross_nanos=NANOS, fee_nanos=1), Unit.USD).has_fee, "what was taken is never hidden"
