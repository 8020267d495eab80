"""What settlement withstands on a real chain, small; `python -m tests.bench.money` does the same at length."""

import pytest

from app.adapters.chain.dev.chain import DevChain
from tests.support import settlement_proofs as proofs
from tests.support.bad_ways import Sending

pytestmark = pytest.mark.unhurried
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def many(database: str) -> int:
    return 10 if database.startswith("postgres") else 100


@on_sqlite
async def test_deposits_are_credited_once_past_nodes_that_lag_and_lie(database: str, dev_chain: DevChain) -> None:
    await proofs.deposits_past_bad_nodes(dev_chain, 9)


@on_sqlite
@pytest.mark.parametrize("how", list(Sending))
async def test_whatever_becomes_of_what_is_sent_a_payout_is_paid_once(
    database: str, dev_chain: DevChain, how: Sending
) -> None:
    await proofs.sent_in_vain(dev_chain, how)


async def test_one_that_is_blocked_on_its_way_alone_comes_back(database: str, dev_chain: DevChain) -> None:
    await proofs.one_blocked_on_its_way(dev_chain, many(database))


@on_sqlite
async def test_nodes_with_polygons_rules_take_what_we_offer(database: str, dev_chain: DevChain) -> None:
    await proofs.pool_of_polygon(dev_chain)


async def test_of_a_batch_that_starves_what_has_logs_is_paid(database: str, dev_chain: DevChain) -> None:
    await proofs.starving_batch(dev_chain, many(database))


@on_sqlite
async def test_a_token_paused_for_days_returns_nothing_and_pays_each_once(database: str, dev_chain: DevChain) -> None:
    await proofs.paused_in_the_middle(dev_chain, 2)


@on_sqlite
async def test_reserves_are_what_stands_at_many_addresses(database: str, dev_chain: DevChain) -> None:
    await proofs.reserves_of_many(dev_chain, 10)


@on_sqlite
async def test_payouts_that_are_cut_anywhere_are_paid_once(database: str, dev_chain: DevChain) -> None:
    await proofs.cut_anywhere(dev_chain, 12, 9)
