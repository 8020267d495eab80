"""How a chain is, as its nodes say and as it was seen last."""

from dataclasses import replace

import pytest

from app import db
from app.domain import clock
from app.domain.payouts import desk
from app.domain.payouts.desk import Seen
from app.flows.settlement.looking import COIN_WEI, GWEI, least_coins, look_at, read_seen
from app.ports.chain.values import Block, ChainUnavailable, Fees, NodeHealth
from tests.support.scripted_chain import GAS, RULES, ToyChain

NODE = NodeHealth("one.example", 7, 9, 0, 0)


class Looked(ToyChain):
    """A chain whose nodes, head and gas account are as a test says."""

    nodes: tuple[NodeHealth, ...] = (NODE,)
    head_age = 0
    wei = 100 * COIN_WEI
    is_away = False
    fee_wei = 30 * GWEI

    async def fees(self) -> Fees:
        return Fees(self.fee_wei, 30 * GWEI)

    async def check(self) -> None:
        if self.is_away:
            raise ChainUnavailable("1 nodes of Toy answer, and 2 are needed.")

    async def head(self) -> Block:
        return Block(12, "0xhead", clock.now() // clock.SECOND - self.head_age)

    async def coins(self, address: str, block: Block) -> int:
        return self.wei if address == GAS else 0

    def health(self) -> tuple[NodeHealth, ...]:
        return self.nodes


async def test_a_chain_that_is_well_says_how_it_is() -> None:
    look = await look_at(Looked(), GAS)
    assert (look.name, list(look.wrong)) == ("Toy", [])
    assert look.says == "1 nodes answer, block 8 is final, 100.000 coins."


async def test_what_is_wrong_with_a_chain_is_said() -> None:
    chain = Looked()
    chain.head_age, chain.wei, chain.fee_wei = 61, 6 * COIN_WEI, RULES.fee_wei_max
    chain.nodes = (NODE, replace(NODE, name="two", disagreed=1, said="two says of block 5 what others do not."))
    said = (await look_at(chain, GAS)).wrong
    assert said[0] == "two says of block 5 what others do not."
    assert "61 s old" in said[1] or "62 s old" in said[1]
    low = f"The gas account {GAS} has 6.000 coins, and a full batch sets 6.540 aside. Below 13.080 nothing is swept."
    assert said[2] == low
    assert "as much as may be offered (500 gwei for each gas)" in said[3]
    assert least_coins(chain) == 13_080_000 * RULES.fee_wei_max


async def test_a_chain_that_is_away_says_which_nodes_are() -> None:
    chain = Looked()
    chain.is_away, chain.nodes = True, (NODE, replace(NODE, failed=3, said="two does not answer eth_chainId."))
    assert (await look_at(chain, GAS)).wrong == [
        "1 nodes of Toy answer, and 2 are needed.", "two does not answer eth_chainId."
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_seen_last_is_read_without_asking(database: str) -> None:
    chain = Looked()
    with db.transaction() as session:
        (never,) = read_seen(session, [chain])
        desk.open_desk(session, RULES.id, 5, "0xfive")
        desk.note_read(session, RULES.id, Seen(6, "0xsix", 1_000, 25_000_000, 7 * COIN_WEI), [])
        desk.pause(session, RULES.id, "A test says so.")
        (seen,) = read_seen(session, [chain])
    assert (never.name, never.read_at, never.nodes) == ("Toy", None, (NODE,))
    assert (seen.paused_because, seen.head_at, seen.balance_units) == ("A test says so.", 1_000, 25_000_000)
    assert (seen.gas_wei, seen.lacking_units) == (7 * COIN_WEI, 0)
