"""An account may have as many keys tried as it keeps, and then one in half a minute."""

import pytest

from app.domain.errors import LimitReached
from app.flows.vault.pace import AGAIN_SECONDS, TRIED, Pace


def test_it_comes_back_with_time_and_for_each_account_alone() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    for _ in range(int(TRIED.at_once)):
        pace.take("acc_1")
    with pytest.raises(LimitReached, match="Wait half a minute"):
        pace.take("acc_1")
    pace.take("acc_2")
    now[0] += AGAIN_SECONDS
    pace.take("acc_1")
    with pytest.raises(LimitReached):
        pace.take("acc_1")
