"""Without a configured chain nothing of chains is imported, and there is no way out."""

import subprocess
import sys

import pytest

from app import settings, wiring
from app.adapters.chain.dev.chain import DevChain
from app.domain.errors import Unavailable
from app.domain.payouts.rules import PayoutRules
from app.flows.events.mails import Desk
from app.ports.chain.values import ChainMismatch
from app.wiring.settlement import NoChains, Settlement, payout_rules_of
from tests.support.payer import chain_settings
from tests.support.paying_out import Mails

IMPORTS = (
    "import app.wiring, app.jobs.schedule, sys;"
    " print([name for name in ('eth_account', 'web3', 'eth_abi') if name in sys.modules])"
)


@pytest.mark.unhurried
def test_no_chain_no_import() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_a_chain_there_is_no_way_out() -> None:
    settings.configure()
    made = Settlement(settings.get, Desk(Mails(), frozenset()), "https://pay.example")
    assert isinstance(made.chains, NoChains) and list(made.rails) == []
    for ask in (lambda: made.rail(31_337), lambda: made.chains.keys(31_337)):
        with pytest.raises(Unavailable, match="31337 is not set up here"):
            ask()


def test_the_settings_say_what_goes_without_an_operator() -> None:
    assert payout_rules_of(settings.get()) == PayoutRules()


async def test_a_process_starts_on_the_chain_of_its_settings_and_on_no_other(
    database: str, dev_chain: DevChain
) -> None:
    wiring.replace(None)
    chain = chain_settings(dev_chain)
    settings.configure(database_url=database, chains=[chain])
    async with wiring.working() as wired:
        (rail,) = wired.settlement.rails
        assert rail.chain.rules.factory == dev_chain.factory
    settings.configure(database_url=database, chains=[{**chain, "token_name": "US Dollar"}])
    with pytest.raises(ChainMismatch, match="is no 'US Dollar'"):
        async with wiring.working():
            pass
