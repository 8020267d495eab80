"""The chart draws each day that is over in a line, and the one that runs as a loose dot."""

from datetime import date, timedelta

from app.domain.money import NANOS, Unit
from app.domain.rollups.reading import DayNumbers
from app.domain.rollups.sums import NOTHING, Sums
from app.web.developer.frame.chart import DayChart, to_chart


def day(number: int, sums: Sums, *, is_running: bool = False) -> DayNumbers:
    return DayNumbers(date(2026, 11, 1) + timedelta(days=number), sums, 0, is_running)


def test_the_day_that_runs_is_a_dot_and_no_line_down() -> None:
    earned = Sums(gross_nanos=4 * NANOS, cost_nanos=3 * NANOS)
    running = day(3, Sums(gross_nanos=NANOS), is_running=True)
    chart = to_chart([day(0, earned), day(1, NOTHING), day(2, earned), running], Unit.USD)
    assert chart.revenue == "M0.0 0.0 L333.3 160.0 L666.7 0.0"
    assert chart.revenue_now == "M1000.0 120.0 h0" and "1000" not in chart.revenue
    assert chart.margin == "M0.0 120.0 L333.3 160.0 L666.7 120.0"
    assert (chart.top, chart.bottom, chart.first, chart.middle) == ("$4.00", "$0.00", "1 Nov", "3 Nov")


def test_a_loss_is_below_the_line_and_a_day_of_unknown_cost_has_no_margin() -> None:
    loss, unknown = Sums(gross_nanos=NANOS, cost_nanos=2 * NANOS), Sums(gross_nanos=NANOS, unknown_net_nanos=NANOS)
    chart = to_chart([day(0, loss), day(1, unknown), day(2, loss)], Unit.USD)
    assert chart.zero == "M0 80.0 H1000" and chart.margin == "M0.0 160.0 L1000.0 160.0"


def test_before_anything_was_counted_there_is_no_line_and_it_says_so() -> None:
    """A line at nothing would say that nobody bought anything on days on which nobody could."""
    earned, days = Sums(gross_nanos=4 * NANOS, cost_nanos=NANOS), [day(0, NOTHING), day(1, NOTHING)]
    days += [day(2, earned), day(3, NOTHING), day(4, earned)]
    chart = to_chart(days, Unit.USD, date(2026, 11, 3))
    assert chart.revenue == "M500.0 0.0 L750.0 160.0 L1000.0 0.0"  # the axis is the whole range all the same
    assert chart.margin.startswith("M500.0 ") and chart.area.endswith("L500.0 160.0 Z")
    assert (chart.first, chart.before) == ("1 Nov", "No data before 3 Nov 2026.")
    for began in (date(2026, 11, 1), date(2026, 3, 1)):
        whole = to_chart(days, Unit.USD, began)
        assert whole.before == "" and whole.revenue.startswith("M0.0 160.0 L250.0 160.0")
    only_now = to_chart([day(0, NOTHING), day(1, earned, is_running=True)], Unit.USD, date(2026, 11, 2))
    assert (only_now.revenue, only_now.area, only_now.before) == ("", "", "No data before 2 Nov 2026.")
    assert only_now.revenue_now == "M1000.0 0.0 h0"


def test_nothing_is_drawn_of_nothing() -> None:
    assert to_chart([], Unit.USD) == to_chart([day(0, NOTHING)], Unit.USD) == DayChart()
