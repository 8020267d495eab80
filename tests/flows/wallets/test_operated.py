"""An operator finds a wallet, freezes it, thaws it, and pays what it owes; each is logged, and charges see it."""

import pytest

from app import db
from app.domain.errors import NotFound, Refused
from app.domain.ledger.accounts import Kind
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import Post, Transfer
from app.domain.money import NANOS
from app.domain.operators.operators import Operator, find_operator, read_changes
from app.domain.paywalls.changes import read_changes as read_paywall_changes
from app.domain.wallets.freezes import list_freezes
from app.domain.wallets.wallets import open_wallet
from app.flows.callers.snapshot import Snapshot
from app.flows.wallets.operated import FoundWallet, find_wallets, freeze_wallet, thaw_wallet, write_off
from tests.support.books import assert_books_balance, make_snapshot
from tests.support.crowd import sign_in, top_up
from tests.support.managing import OPERATOR, person


def operator() -> Operator:
    return find_operator(person(OPERATOR), frozenset({OPERATOR}))


def opened(snapshot: Snapshot, owed_nanos: int = 0) -> str:
    wallet = snapshot.wallet("ada")
    with db.transaction() as session:
        open_wallet(session, wallet)
        if owed_nanos:
            taken = Transfer(wallet.account, wallet.account.beside(Kind.WORLD, "x"), owed_nanos, "chargeback")
            apply_one(session, Post("x:1", (taken,), is_chargeback=True))
    return wallet.id


def find(words: str) -> list[FoundWallet]:
    with db.transaction(writes=False) as session:
        return list(find_wallets(session, words, 50))


def logged() -> list[tuple[str, object]]:
    with db.transaction(writes=False) as session:
        return [(one.about, one.what) for one in read_changes(session, 9)]


async def test_a_wallet_is_frozen_once_and_thawed(database: str) -> None:
    snapshot, who = make_snapshot(), operator()
    wallet_id = opened(snapshot)
    assert find("") == []
    await freeze_wallet(who, wallet_id)
    await freeze_wallet(who, wallet_id)
    (found,) = find("")
    assert (found.id, found.whose, found.reasons) == (wallet_id, "ada", ("operator (by hand)",))
    assert (await thaw_wallet(who, wallet_id)).reasons == found.reasons
    assert find("") == [] and [one.reasons for one in find("ada")] == [()]
    assert [about for about, _ in logged()] == [wallet_id] * 3
    with db.transaction(writes=False) as session:
        (change, *_) = read_paywall_changes(session, snapshot.paywall_id, 1)
    assert (change.made_by, change.what) == (who.account_id, {"user": "ada", "frozen": False})


async def test_a_debt_is_paid_out_of_the_operators_capital_or_stays(database: str) -> None:
    who = operator()
    wallet_id = opened(make_snapshot(), 3 * NANOS)
    await freeze_wallet(who, wallet_id)
    with pytest.raises(Refused):
        await thaw_wallet(who, wallet_id)
    assert (await write_off(who, wallet_id)).written_off_nanos == 3 * NANOS
    assert logged()[0] == (wallet_id, {"written_off": "3", "was": ["operator (by hand)"]})
    with pytest.raises(Refused):
        await write_off(who, wallet_id)
    with db.transaction(writes=False) as session:
        assert list_freezes(session, wallet_id) == []
    assert len(logged()) == 2
    assert_books_balance()


async def test_a_persons_wallet_is_found_by_their_address_and_frozen_too(database: str) -> None:
    who, (ada, _) = operator(), await sign_in("ada@example.org")
    top_up(ada, NANOS)
    found = find("ada@example.org")
    assert found and {one.paywall_id for one in found} == {None} and {one.whose for one in found} == {ada.account_id}
    await freeze_wallet(who, found[0].id)
    assert [one.id for one in find("")] == [found[0].id]
    await thaw_wallet(who, found[0].id)
    assert [about for about, _ in logged()] == [found[0].id] * 2


async def test_what_is_no_wallet_is_neither_found_nor_frozen(database: str) -> None:
    assert find("wal_none") == [] and find("%") == [] and find("a\x00b") == []
    for step in (freeze_wallet, thaw_wallet, write_off):
        with pytest.raises(NotFound):
            await step(operator(), "wal_none")
    assert logged() == []
