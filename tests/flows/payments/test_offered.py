"""At which accounts a wallet can be topped up: the developer's for their app's, the operator's for people's."""

from collections.abc import Sequence

import pytest

from app import db
from app.domain.errors import NotFound, Unavailable
from app.domain.inbox import access
from app.domain.inbox.connections import SANDBOX, Connection, open_connection
from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import Mode
from app.domain.paywalls.paywall import Paywall
from app.flows.payments.offered import list_offered, list_own_offered, reach_offered
from app.wiring.adapters import RailsByConnection
from tests.support.books import make_paywall
from tests.support.paying import open_bank

pytestmark = pytest.mark.plain_sql

PLAY, LIVE = Environment.SANDBOX, Environment.LIVE


def connect(session: db.Session, environment: Environment, paywall_id: str | None = None) -> str:
    made = open_connection(session, "stripe", environment, paywall_id)
    access.keep_key(session, made.id, "sealed", account=None, settles_usd=None)
    return made.id


@pytest.mark.parametrize("environment", [PLAY, LIVE])
def test_each_wallet_is_offered_the_accounts_that_may_fund_it(database: str, environment: Environment) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        app = Paywall(paywall_id, Mode.DEFAULT, environment, Unit.USD, 1)
        common = Paywall("pw_of_people", Mode.SHARED, environment, Unit.USDC, 1)

        def offered() -> tuple[list[str], list[str]]:
            found = list_offered(session, app), list_offered(session, common)
            assert ids(found[1]) == ids(list_own_offered(session, environment))
            return ids(found[0]), ids(found[1])

        sandbox = [SANDBOX] if environment is PLAY else []
        assert offered() == (sandbox, sandbox)
        operators = connect(session, environment)
        # A developer's users pay the developer, where the money is real.
        assert offered() == ([operators, SANDBOX] if sandbox else [], [operators, *sandbox])
        own = connect(session, environment, paywall_id)
        assert offered() == ([own, *sandbox], [operators, *sandbox])
        access.disconnect(session, own)
        open_connection(session, "stripe", environment, paywall_id)  # whose key was never kept
        assert offered()[0] == ([operators, SANDBOX] if sandbox else [])


def ids(found: Sequence[Connection]) -> list[str]:
    return [one.id for one in found]


async def test_what_was_chosen_is_reached_or_refused(database: str) -> None:
    bank, other = open_bank(), open_bank()
    rails = RailsByConnection(bank)
    assert await reach_offered(rails, bank.connection_id) is bank
    with pytest.raises(Unavailable):
        await reach_offered(rails, other.connection_id)
    with pytest.raises(NotFound):
        await reach_offered(rails, "con_none")
