"""A stored paywall as the domain sees it."""

import pytest

from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.paywall import Paywall, to_paywall
from app.domain.paywalls.tables import PaywallRow


@pytest.mark.parametrize("mode", Mode)
def test_what_is_stored_as_text_is_read_as_what_it_means(mode: Mode) -> None:
    row = PaywallRow(id="pw_1", mode=mode.value, environment="live", unit="USDC", version=3, created_at=1)
    read = to_paywall(row)
    assert read == Paywall("pw_1", mode, Environment.LIVE, Unit.USDC, 3)
    assert read.rules is RULES[mode]


def test_a_word_that_nobody_knows_is_no_paywall() -> None:
    row = PaywallRow(id="pw_1", mode="barter", environment="live", unit="USDC", version=3, created_at=1)
    with pytest.raises(ValueError, match="barter"):
        to_paywall(row)
