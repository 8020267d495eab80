"""The tree is what is owed, to the nano, at the report's own blocks, or it is not published."""

import asyncio
from dataclasses import replace

import pytest

from app import db
from app.domain.errors import Unavailable
from app.domain.ledger.accounts import Kind
from app.domain.ledger.operations import Transfer
from app.domain.money import Environment, Unit, format_decimal
from app.domain.reserves.cut import Place, read_cut
from app.domain.reserves.owed import read_owed
from app.domain.wallets.trial import INSTANCE
from app.flows.settlement.liabilities.planting import Owed, plant, read_published
from tests.support.paying_out import CHAIN, ONE, make_earner, make_saver, move, spend

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SANDBOX = Environment.SANDBOX
BLOCKS = [{"chain": CHAIN, "number": 9, "hash": "0x9"}]


def test_the_sum_of_the_leaves_is_what_is_owed_with_wallets_below_zero_apart(database: str) -> None:
    _, wallet = make_saver(9 * ONE + 1, card_units=3 * ONE)
    make_earner(4 * ONE)
    spend(wallet, 2 * ONE)
    move(Transfer(wallet.beside(Kind.GRANTS, INSTANCE), wallet.promo, 7, "grant"), "grant")
    places = [Place(CHAIN, 99)]
    with db.transaction(writes=False) as session:
        cut, accounts = read_cut(session, SANDBOX, places), read_owed(session, SANDBOX, places)
    asyncio.run(plant(Owed(SANDBOX, accounts, BLOCKS), cut))
    with db.transaction(writes=False) as session:
        (said,) = read_published(session, SANDBOX)
        assert read_published(session, Environment.LIVE) == []
    owed = sum(cut.units[Unit.USDC].owed.values())
    assert (said["unit"], said["total"], said["below_zero"]) == ("USDC", format_decimal(owed), "0")
    assert (said["blocks"], said["previous"], said["leaves"]) == (BLOCKS, None, 2 * len(accounts))
    lacks = {name: nanos for name, nanos in accounts.items() if name != wallet.id}
    with pytest.raises(Unavailable, match="nanos in the tree"):
        asyncio.run(plant(Owed(SANDBOX, lacks, BLOCKS), cut))
    below = replace(cut.units[Unit.USDC], owed={**cut.units[Unit.USDC].owed, "wallets": -5})
    with pytest.raises(Unavailable):
        asyncio.run(plant(Owed(SANDBOX, {wallet.id: -4}, BLOCKS), replace(cut, units={**cut.units, Unit.USDC: below})))
    with db.transaction(writes=False) as session:
        assert read_published(session, SANDBOX) == [said]
