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


def test_nothing_is_drawn_of_nothing() -> None:
    assert to_chart([], Unit.USD) == to_chart([day(0, NOTHING)], Unit.USD) == DayChart()
