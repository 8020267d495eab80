"""At which accounts a wallet can be topped up: the developer's for their app's, the operator's for people's."""

import pytest

from app import db
from app.domain.inbox import access
from app.domain.inbox.connections import SANDBOX, open_connection
from app.domain.ledger.accounts import Account, Kind
from app.domain.money import Environment, Unit
from app.domain.wallets.shared import shared_account
from app.domain.wallets.wallets import app_wallet, open_wallet
from app.flows.payments.offered import list_offered
from tests.support.books import make_paywall

PLAY, LIVE = Environment.SANDBOX, Environment.LIVE


def connect(session: db.Session, environment: Environment, paywall_id: str | None = None) -> str:
    made = open_connection(session, "stripe", environment, paywall_id)
    access.keep_key(session, made.id, "sealed", account=None, settles_usd=None)
    return made.id


@pytest.mark.parametrize("environment", [PLAY, LIVE])
def test_each_wallet_is_offered_the_accounts_that_may_fund_it(database: str, environment: Environment) -> None:
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
        wallet = app_wallet(paywall_id, "ada", environment, Unit.USD)
        open_wallet(session, wallet)
        shared = shared_account("acc_1", environment)

        def offered(of: Account, whose: str | None = None) -> list[str]:
            return [one.id for one in list_offered(session, of, whose)]

        sandbox = [SANDBOX] if environment is PLAY else []
        assert (offered(wallet.account, paywall_id), offered(shared)) == (sandbox, sandbox)
        operators = connect(session, environment)
        assert offered(shared) == [operators, *sandbox]
        # A developer's users pay the developer, where the money is real.
        assert offered(wallet.account, paywall_id) == ([operators, SANDBOX] if sandbox else [])
        own = connect(session, environment, paywall_id)
        assert offered(wallet.account, paywall_id) == ([own, operators, SANDBOX] if sandbox else [own])
        assert offered(shared, paywall_id) == [operators, *sandbox]
        access.disconnect(session, own)
        open_connection(session, "stripe", environment, paywall_id)  # whose key was never kept
        assert own not in offered(wallet.account, paywall_id)
        assert offered(Account(environment, Unit.USD, Kind.REVENUE, paywall_id)) == []
