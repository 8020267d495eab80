"""Deposit addresses: one for each wallet and chain."""

import threading
from concurrent.futures import ThreadPoolExecutor

from app import db
from app.domain.chain_deposits import addresses
from app.domain.chain_deposits.addresses import AddressOf, salt_of
from app.domain.ledger.accounts import Account
from app.domain.money import Environment
from app.domain.wallets.shared import open_shared_wallet
from tests.support.managing import person

CHAIN = 31_337


def wallet() -> Account:
    ada = person("ada@example.org")
    with db.transaction() as session:
        return open_shared_wallet(session, ada.account_id, Environment.SANDBOX)


def address_of(account: Account, address: str) -> AddressOf:
    return AddressOf(account, address, "0xFactory", salt_of("ins", account.owner), "0xhash")


def test_a_salt_follows_from_instance_and_wallet() -> None:
    found = salt_of("ins_1", "wal_1")
    assert found == salt_of("ins_1", "wal_1")
    assert len({found, salt_of("ins_1", "wal_2"), salt_of("ins_2", "wal_1")}) == 3
    assert len(found) == 66 and int(found, 16)


def test_the_first_address_of_a_wallet_stays(database: str) -> None:
    account = wallet()
    with db.transaction() as session:
        assert addresses.newest(session, CHAIN) is None
        assert addresses.keep(session, CHAIN, address_of(account, "0x1")) == "0x1"
        assert addresses.keep(session, CHAIN, address_of(account, "0x2")) == "0x1"
        assert addresses.keep(session, CHAIN + 1, address_of(account, "0x2")) == "0x2"
    with db.transaction(writes=False) as session:
        assert addresses.newest(session, CHAIN) == address_of(account, "0x1")
        assert addresses.wallets_by_address(session, CHAIN) == {"0x1": account}
        assert addresses.list_unswept(session, CHAIN, 1, 2**62, 10) == []


def test_of_many_who_open_one_address_at_once_all_get_it(database: str) -> None:
    """Two tabs, two processes: the second used to end in the database's error."""
    account, together = wallet(), threading.Barrier(4)

    def ask(_number: int) -> str:
        together.wait()
        with db.transaction() as session:
            return addresses.keep(session, CHAIN, address_of(account, "0x1"))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == ["0x1"] * 4
