"""What a chain says: at one block, whichever came after; fees within their bounds; bytes sent as they were stored."""

from dataclasses import replace

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.known import GWEI, POLYGON_TIP_WEI
from app.ports.chain.values import ChainUnavailable, Fees, SignedTransaction
from tests.support.settling import (
    GAS_KEY,
    TREASURY_KEY,
    Change,
    address_of,
    answers,
    bring,
    drops,
    refuses,
    signed,
    through,
)


async def test_what_is_asked_at_a_block_is_of_that_block(chain: EvmChain, dev_chain: DevChain) -> None:
    names = [address_of(f"holder {number}") for number in range(3)]
    for number, name in enumerate(names[:2]):
        dev_chain.mint(name, 5_000_000 + number)
    before = await chain.head()
    dev_chain.mint(names[2], 7)
    dev_chain.call("blacklist(address)", names[0])
    dev_chain.call("pause()")
    after = await chain.head()
    assert await chain.balances(names, before) == {names[0]: 5_000_000, names[1]: 5_000_001, names[2]: 0}
    assert (await chain.balances(names, after))[names[2]] == 7
    assert [await chain.is_blocked(names[0], block) for block in (before, after)] == [False, True]
    assert [await chain.is_paused(block) for block in (before, after)] == [False, True]


async def test_a_block_that_is_no_more_is_an_error_and_no_older_state(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 5)
    gone = await chain.head()
    dev_chain.node.ask("anvil_reorg", 1, [])
    assert (await chain.block(gone.number)).hash != gone.hash
    with pytest.raises(ChainUnavailable, match="are needed"):
        await chain.balances([TREASURY_KEY.address], gone)


async def test_accounts_are_told_by_their_code_coins_and_transactions(chain: EvmChain, dev_chain: DevChain) -> None:
    head = await chain.head()
    assert not await chain.has_code(TREASURY_KEY.address, head)
    assert await chain.has_code(dev_chain.token, head)
    assert await chain.has_code(await chain.implementation(head), head)
    assert await chain.implementation(head) != dev_chain.token
    count = await chain.transaction_count(GAS_KEY.address, head)
    coins = await chain.coins(GAS_KEY.address, head)
    sent = await bring(chain, dev_chain, chain.nothing(GAS_KEY.address))
    receipt, now = await chain.receipt(sent.hash), await chain.head()
    assert receipt is not None
    assert receipt.block == now.number
    assert await chain.transaction_count(GAS_KEY.address, now) == count + 1
    assert await chain.transaction_count(GAS_KEY.address, head) == count
    assert await chain.coins(GAS_KEY.address, now) == coins - receipt.fee_wei
    assert await chain.receipt("0x" + "ab" * 32) is None


async def test_a_chain_without_a_tag_is_final_at_a_depth(chain: EvmChain, dev_chain: DevChain) -> None:
    """Base has no class and no branch: only values."""
    dev_chain.node.mine(10)
    chain.rules = replace(chain.rules, name="Base", finality_blocks=5)
    assert (await chain.finalized()).number == (await chain.head()).number - 5


async def test_fees_stay_within_the_bounds_of_the_chain(chain: EvmChain) -> None:
    chain.rules = replace(chain.rules, tip_wei_min=POLYGON_TIP_WEI)
    fees = await chain.fees()
    assert fees.tip_wei == 30 * GWEI
    assert fees.fee_wei > fees.tip_wei
    chain.rules = replace(chain.rules, fee_wei_max=7)
    assert await chain.fees() == Fees(7, 7)


def test_a_replacement_offers_more_of_both_or_nothing() -> None:
    """Nodes of Polygon want a tenth more of both, rounded up (bor's `legacypool/list.go`)."""
    assert Fees(100, 30).raised(500) == Fees(115, 35)
    assert Fees(1, 1).raised(500) == Fees(2, 2)
    assert Fees(100, 30).raised(115) == Fees(115, 35)
    assert Fees(100, 30).raised(114) is None


async def test_a_transaction_has_the_hash_that_was_stored_before_it_was_sent(
    chain: EvmChain, dev_chain: DevChain
) -> None:
    number = await chain.transaction_count(GAS_KEY.address, await chain.head())
    transaction = chain.sign(chain.relay([signed(chain, "ada", 1)]), number, await chain.fees(), GAS_KEY)
    assert await chain.send(transaction) == await chain.send(transaction), "a node that has it already took it"
    assert (await chain.send(transaction)).taken_by == 1
    dev_chain.node.mine()
    found = dev_chain.node.ask("eth_getTransactionByHash", transaction.hash)
    assert found["from"] == GAS_KEY.address.lower()
    assert (await chain.send(transaction)).said


@pytest.mark.parametrize(
    ("change", "taken_by"),
    [
        (drops("eth_sendRawTransaction"), 1),
        (refuses("eth_sendRawTransaction", "nonce too low"), 1),
        (refuses("eth_sendRawTransaction", "already known"), 2),
        (answers("eth_sendRawTransaction", "0x" + "0" * 64), 2),
    ],
    ids=["no answer", "nonce too low", "already known", "another hash"],
)
async def test_whatever_nodes_say_of_what_was_sent_it_is_there(
    dev_chain: DevChain, change: Change, taken_by: int
) -> None:
    """The node did take it, and says something else: neither a yes nor a no of one node decides anything."""
    async with through(dev_chain, good=None, bad=change) as chain:
        number = await chain.transaction_count(GAS_KEY.address, await chain.head())
        sent = chain.sign(chain.nothing(GAS_KEY.address), number, await chain.fees(), GAS_KEY)
        assert (await chain.send(sent)).taken_by == taken_by
        dev_chain.node.mine()
        receipt = await chain.receipt(sent.hash)
        assert receipt is not None
        assert receipt.succeeded


async def test_a_transaction_that_no_node_takes_raises_nothing(chain: EvmChain) -> None:
    sent = await chain.send(SignedTransaction(b"\x02nonsense", "0x"))
    assert sent.taken_by == 0
    assert len(sent.said) == 1
