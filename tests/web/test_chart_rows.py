"""A chart's bars are as high as what was spent, and its figures add up."""

import pytest

from app.domain import clock
from app.domain.money import NANOS, Unit
from app.domain.usage.spending import DaySpent, day_of
from app.web.components.chart_rows import COLOURS, to_chart


def test_each_day_has_a_bar_stacked_by_app() -> None:
    today = day_of(clock.now())
    spent = [DaySpent(today - 1, "a", NANOS), DaySpent(today, "a", NANOS), DaySpent(today, "b", 3 * NANOS)]
    chart = to_chart(spent, {"a": "Ant", "b": "Bee"}, Unit.USDC, 7)
    assert len(chart.days) == 7 and [len(day.parts) for day in chart.days] == [0] * 5 + [1, 2]
    assert [(row.name, row.amount) for row in chart.legend] == [("Bee", "3.00 USDC"), ("Ant", "2.00 USDC")]
    assert [(part.look, part.height) for part in chart.days[-1].parts] == [("c0", "75.00%"), ("c1", "25.00%")]
    assert chart.days[-2].parts[0].height == "25.00%" and chart.total == "5.00 USDC"
    assert (
        chart.top == "4.00 USDC"
        and "at most 4.00 USDC a day" in chart.summary
        and chart.days[-1].title.endswith("4.00 USDC")
    )


def test_nothing_spent_is_no_chart() -> None:
    chart = to_chart([], {}, Unit.USDC, 30)
    assert chart.legend == [] and len(chart.days) == 30 and chart.total == "0.00 USDC"


@pytest.mark.parametrize("apps", [COLOURS, COLOURS + 3])
def test_more_apps_than_colours_share_the_last(apps: int) -> None:
    spent = [DaySpent(day_of(clock.now()), f"p{number}", NANOS * (apps - number)) for number in range(apps)]
    looks = [row.look for row in to_chart(spent, {}, Unit.USDC, 3).legend]
    assert looks == [f"c{min(number, COLOURS - 1)}" for number in range(apps)]
