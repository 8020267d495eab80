"""Without a configured chain nothing of chains is imported, and there is no way out."""

import subprocess
import sys

import pytest

from app import settings
from app.domain.errors import Unavailable
from app.domain.payouts.rules import PayoutRules
from app.flows.events.mails import Desk
from app.wiring.settlement import NoChains, Settlement, payout_rules_of
from tests.support.paying_out import Mails

IMPORTS = (
    "import app.wiring, app.jobs.schedule, sys;"
    " print([name for name in ('eth_account', 'web3', 'eth_abi') if name in sys.modules])"
)


def test_no_chain_no_import() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_chain_there_is_no_way_out() -> None:
    made = Settlement(settings.get, Desk(Mails(), frozenset()), "https://pay.example")
    assert isinstance(made.chains, NoChains) and list(made.rails) == []
    for ask in (lambda: made.rail(31_337), lambda: made.chains.keys(31_337)):
        with pytest.raises(Unavailable, match="31337 is not set up here"):
            ask()


def test_the_settings_say_what_goes_without_an_operator() -> None:
    assert payout_rules_of(settings.get()) == PayoutRules()
