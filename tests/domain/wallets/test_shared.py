"""A person has one shared wallet in each environment."""

from app import db
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import Environment, Unit
from app.domain.people.accounts import email_identity, enter
from app.domain.wallets.shared import (
    as_charged_by,
    list_environments,
    open_shared_wallet,
    read_shared_balance,
    shared_account,
)

LIVE, SANDBOX = Environment.LIVE, Environment.SANDBOX


def test_a_wallet_is_one_for_all_apps_and_another_in_each_environment(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (email_identity("ada@example.org"),))
        assert list_environments(session, ada) == []
        account = open_shared_wallet(session, ada, SANDBOX)
        assert open_shared_wallet(session, ada, SANDBOX) == account == shared_account(ada, SANDBOX)
        open_shared_wallet(session, ada, LIVE)
        assert list_environments(session, ada) == [LIVE, SANDBOX]
    assert account.unit is Unit.USDC and shared_account(ada, LIVE).owner != account.owner
    charged = [as_charged_by(ada, SANDBOX, paywall, "u1") for paywall in ("pw_1", "pw_2")]
    assert {wallet.account for wallet in charged} == {account}
    assert charged[0].end_user_id != charged[1].end_user_id


def test_a_balance_tells_trial_money_from_the_rest(database: str) -> None:
    with db.transaction() as session:
        ada, _ = enter(session, (email_identity("ada@example.org"),))
        account = open_shared_wallet(session, ada, SANDBOX)
        assert read_shared_balance(session, account).available_nanos == 0
        grants, world = account.beside(Kind.GRANTS, "instance"), account.beside(Kind.WORLD, "x")
        apply_one(session, Post("g:1", (Transfer(grants, account.promo, 20, "grant"),)))
        apply_one(session, Post("t:1", (Transfer(world, account, 300, "topup"),)))
        balance = read_shared_balance(session, account)
    assert (balance.posted_nanos, balance.held_nanos, balance.trial_nanos, balance.available_nanos) == (320, 0, 20, 320)
