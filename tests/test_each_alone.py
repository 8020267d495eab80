"""One item's failure is logged and its own, and the others' work is done once."""

import pytest
from structlog.testing import capture_logs

from app.domain.errors import Unavailable
from app.each_alone import Failed, alone, each_alone


async def test_an_item_that_fails_leaves_the_others_alone() -> None:
    worked: list[int] = []

    async def work(item: int) -> int:
        worked.append(item)
        return 12 // item

    with capture_logs() as logs:
        done = await each_alone("counting", [1, 0, 2], work, lambda item: f"number {item}")
    assert worked == [1, 0, 2] and [result for _, result in done if not isinstance(result, Failed)] == [12, 6]
    (failed,) = [result for _, result in done if isinstance(result, Failed)]
    assert isinstance(failed.error, ZeroDivisionError) and failed.is_bug
    (line,) = logs
    assert (line["event"], line["item"], line["step"], line["log_level"]) == ("counting", "number 0", "failed", "error")
    assert line["exc_info"] is failed.error


async def test_an_error_of_ours_is_logged_without_a_trace_and_cut() -> None:
    async def work() -> None:
        raise Unavailable("x" * 10_000)

    with capture_logs() as logs:
        failed = await alone("counting", "one", work)
    assert isinstance(failed, Failed) and not failed.is_bug
    assert "exc_info" not in logs[0] and len(logs[0]["error"]) <= 200


async def test_whoever_stops_the_loop_stops_it() -> None:
    async def work() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await alone("counting", "one", work)
