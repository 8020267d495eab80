"""A connection funds only the wallets whose money it holds."""

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.inbox.connections import (
    SANDBOX,
    Connection,
    may_fund,
    open_connection,
    read_connection,
    share_an_account,
)
from app.domain.ledger.accounts import Account, Kind
from app.domain.money import Environment, Unit
from app.domain.wallets.shared import shared_account
from app.domain.wallets.wallets import app_wallet, open_wallet
from tests.support.books import make_paywall

LIVE, PLAY = Environment.LIVE, Environment.SANDBOX


def test_the_sandboxs_connection_is_there_and_others_are_opened(database: str) -> None:
    with db.transaction() as session:
        assert read_connection(session, SANDBOX) == Connection("sandbox", "sandbox", PLAY)
        paywall_id = make_paywall(session, {})
        made = open_connection(session, "stripe", LIVE, paywall_id, "acct_1")
        assert read_connection(session, made.id) == Connection(made.id, "stripe", LIVE, paywall_id, "acct_1")
        assert open_connection(session, "stripe", LIVE, paywall_id, "acct_1").id != made.id
        for unknown in ("con_none", "", "\x00", "💳"):
            with pytest.raises(NotFound):
                read_connection(session, unknown)


def test_a_key_is_for_one_connection_and_is_in_no_text_of_it() -> None:
    made = Connection("con_1", "stripe", PLAY, key_sealed="v1.sealed")
    assert made.seal_context == "connection_key:con_1"
    assert made.is_open and "sealed" not in repr(made)


def test_each_connection_funds_the_wallets_of_its_own_money_alone(database: str) -> None:
    with db.transaction() as session:
        own, other = make_paywall(session, {}), make_paywall(session, {})
        wallets = {}
        for name, paywall_id, environment in (("own", own, LIVE), ("other", other, LIVE), ("play", own, PLAY)):
            wallet = app_wallet(paywall_id, f"ada-{name}", environment, Unit.USD)
            open_wallet(session, wallet)
            wallets[name] = wallet.account
        wallets["never opened"] = app_wallet(own, "nobody", LIVE, Unit.USD).account
        wallets["shared"] = shared_account("acc_1", LIVE)
        wallets["credits"] = Account(LIVE, Unit.CREDIT, Kind.WALLET, "wal_credits")
        wallets["shared play"] = shared_account("acc_1", PLAY)
        wallets["revenue"] = wallets["own"].beside(Kind.REVENUE, own)
        wallets["trial"] = wallets["own"].promo

        def funded(connection: Connection) -> set[str]:
            return {name for name, wallet in wallets.items() if may_fund(session, connection, wallet)}

        assert funded(open_connection(session, "stripe", LIVE, own)) == {"own"}
        assert funded(open_connection(session, "stripe", LIVE, other)) == {"other"}
        assert funded(open_connection(session, "stripe", PLAY, own)) == {"play"}
        assert funded(open_connection(session, "stripe", PLAY, other)) == set()
        assert funded(open_connection(session, "stripe", LIVE)) == {"shared", "credits"}
        assert funded(read_connection(session, SANDBOX)) == {"play", "shared play"}


def test_connections_are_of_one_account_only_where_both_say_so(database: str) -> None:
    with db.transaction() as session:
        sandbox, live = Environment.SANDBOX, Environment.LIVE
        one, twin, stranger, elsewhere, silent, silent_too = (
            open_connection(session, "stripe", environment, None, account).id
            for environment, account in (
                (sandbox, "acct_1"), (sandbox, "acct_1"), (sandbox, "acct_2"), (live, "acct_1"), (sandbox, None),
                (sandbox, None),
            )
        )  # fmt: skip
        assert share_an_account(session, one, twin)
        assert not any(share_an_account(session, one, other) for other in (stranger, elsewhere, silent))
        assert not share_an_account(session, silent, silent_too)
