"""Transfers as the chain tells them: keyed by what no re-org changes, of the token that was asked for, all or none."""

import pytest

from app.adapters.chain import abi
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET
from app.ports.chain.values import ChainUnavailable, Transfer
from tests.support.settling import (
    TREASURY_KEY,
    Change,
    address_of,
    answers,
    bring,
    nonce_of,
    signed,
    silent,
    through,
)

TO_ADA, TO_BOB = address_of("ada"), address_of("bob")


async def read(chain: EvmChain, *tokens: str, payer: str | None = None) -> list[Transfer]:
    """Returns what ada and bob were paid up to the newest final block."""
    final = await chain.finalized()
    wanted = tokens or (chain.rules.token,)
    return list(await chain.transfers(range(final.number + 1), wanted, payer, [TO_ADA, TO_BOB]))


async def test_transfers_to_some_addresses_are_found_in_order(chain: EvmChain, dev_chain: DevChain) -> None:
    node = dev_chain.node
    payer = node.accounts[TEST_WALLET]
    dev_chain.mint(payer, 90)
    for payee, units in ((TO_BOB, 5), (address_of("nobody"), 6), (TO_ADA, 7), (TO_BOB, 0)):
        dev_chain.call("transfer(address,uint256)", payee, units, sender=payer)
    node.finalize()
    found = await read(chain, payer=payer)
    assert [(one.payee, one.units, one.position, one.nonce) for one in found] == [
        (TO_BOB, 5, 0, None),
        (TO_ADA, 7, 0, None),
    ]
    assert {(one.token, one.payer) for one in found} == {(dev_chain.token, payer)}
    assert (await chain.block(found[1].block)).hash == found[1].block_hash


async def test_of_many_addresses_a_few_blocks_are_read_by_one_question(chain: EvmChain, dev_chain: DevChain) -> None:
    """Who looks each second at 10,000 addresses would else ask each node 25 questions, each time."""
    node = dev_chain.node
    many = [TO_ADA, *(address_of(f"payee {n}") for n in range(2_000))]
    node.mine(30)
    for payee, units in ((TO_BOB, 5), (TO_ADA, 7), (many[-1], 9)):
        dev_chain.mint(payee, units)
    node.finalize()
    last = (await chain.finalized()).number
    asked = chain.health()[0].asked
    found = await chain.transfers(range(last - 9, last + 1), [dev_chain.token], None, many)
    assert chain.health()[0].asked - asked == 4  # the last block, its logs, two receipts
    assert [(one.payee, one.units) for one in found] == [(TO_ADA, 7), (many[-1], 9)]
    asked = chain.health()[0].asked
    assert await chain.transfers(range(last - 20, last + 1), [dev_chain.token], None, many) == found
    assert chain.health()[0].asked - asked > 10


async def test_what_is_not_final_is_not_read_and_a_reorg_takes_it_away(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TO_ADA, 25_000_000)
    assert await read(chain) == []
    dev_chain.node.ask("anvil_reorg", 1, [])
    dev_chain.node.finalize()
    assert await read(chain) == []


@pytest.mark.unhurried
async def test_a_transfer_keeps_its_place_when_a_reorg_moves_it_behind_another(
    chain: EvmChain, dev_chain: DevChain
) -> None:
    """`logIndex` counts in the block: keyed by it, it would be credited twice (safe-transaction-service#2955)."""
    node, token = dev_chain.node, dev_chain.token
    payer, other = node.accounts[TEST_WALLET], node.accounts[6]
    dev_chain.mint(payer, 25_000_000)
    dev_chain.mint(other, 5)

    def pay(payee: str, units: int) -> str:
        return abi.call_data("transfer(address,uint256)", payee, units)

    first = node.send(token, pay(TO_ADA, 25_000_000), payer)
    node.mine()
    before = node.ask("eth_getTransactionReceipt", first)
    raw = node.ask("eth_getRawTransactionByHash", first)
    node.ask("anvil_rollback", 1)
    dearer = {"from": other, "to": token, "data": pay(TO_BOB, 5), "gas": hex(200_000), "gasPrice": hex(10**12)}
    node.ask("eth_sendTransaction", dearer)
    node.ask("eth_sendRawTransaction", raw)
    node.mine()
    after = node.ask("eth_getTransactionReceipt", first)
    assert (before["logs"][0]["logIndex"], after["logs"][0]["logIndex"]) == ("0x0", "0x1")
    node.finalize()
    found = [one for one in await read(chain) if one.payee == TO_ADA]
    assert [(one.transaction, one.position, one.units) for one in found] == [(first, 0, 25_000_000)]


async def test_a_transfer_of_an_authorization_names_its_nonce(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 90)
    batch = [signed(chain, name, units) for name, units in (("ada", 30), ("bob", 31))]
    sent = await bring(chain, dev_chain, chain.relay(batch))
    dev_chain.call("mint(address,uint256)", TO_ADA, 1)
    dev_chain.node.finalize()
    found = await read(chain)
    assert [(one.units, one.nonce) for one in found] == [(30, nonce_of("ada")), (31, nonce_of("bob")), (1, None)]
    assert [one.position for one in found] == [1, 3, 1], "a mint is a Mint and a Transfer"
    assert {one.transaction for one in found[:2]} == {sent.hash}


async def test_another_token_is_found_only_where_it_is_asked_for(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TO_ADA, 10_000_000, token=dev_chain.bridged_token)
    dev_chain.mint(TO_ADA, 1)
    dev_chain.node.finalize()
    assert [one.units for one in await read(chain)] == [1]
    both = await read(chain, dev_chain.token, dev_chain.bridged_token)
    assert [(one.token, one.units) for one in both] == [(dev_chain.bridged_token, 10_000_000), (dev_chain.token, 1)]


def foreign(dev: DevChain) -> Change:
    """A node that answers every log as one of another contract, whatever it was asked for."""

    def change(asked: dict[str, object], said: dict[str, object]) -> dict[str, object]:
        if asked["method"] == "eth_getLogs":
            said["result"] = [{**log, "address": dev.bridged_token} for log in said["result"]]  # type: ignore[attr-defined]
        return said

    return change


@pytest.mark.unhurried
@pytest.mark.parametrize("lies", ["nothing", "less", "foreign", "orphaned", "receipt", "behind", "silent"])
async def test_a_node_that_lies_lags_or_is_silent_loses_no_deposit_and_makes_none(
    dev_chain: DevChain, lies: str
) -> None:
    dev_chain.mint(TO_ADA, 25_000_000)
    dev_chain.mint(TO_BOB, 7)
    dev_chain.node.finalize()
    logs = dev_chain.node.ask("eth_getLogs", {"fromBlock": "0x0", "address": dev_chain.token})
    bad = {
        "nothing": answers("eth_getLogs", []),
        "less": answers("eth_getLogs", [log for log in logs if log["topics"][0] != "0x"][:1]),
        "foreign": foreign(dev_chain),
        "orphaned": answers("eth_getLogs", [{**logs[-1], "blockHash": nonce_of("orphan")}]),
        "receipt": answers("eth_getTransactionReceipt", None),
        "behind": answers("eth_getBlockByNumber", None, "0x"),
        "silent": silent,
    }[lies]
    async with through(dev_chain, good=None, bad=bad) as chain:
        with pytest.raises(ChainUnavailable):
            await read(chain)
    async with through(dev_chain, one=None, bad=bad, two=None) as chain:
        assert [one.units for one in await read(chain)] == [25_000_000, 7]


async def test_more_addresses_than_one_question_holds_are_all_asked_for(
    chain: EvmChain, dev_chain: DevChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.adapters.chain.transfers.ADDRESSES_MAX", 2)
    monkeypatch.setattr("app.adapters.chain.transfers.WHOLE_BLOCKS_MAX", 0)
    payees = [address_of(f"wallet {number}") for number in range(5)]
    for number in (4, 0, 3):
        dev_chain.mint(payees[number], number + 1)
    head = await chain.head()
    found = await chain.transfers(range(head.number + 1), [dev_chain.token], None, payees)
    assert [one.units for one in found] == [5, 1, 4]
    assert await chain.transfers(range(head.number + 1), [dev_chain.token], None, []) == ()
    assert await chain.transfers(range(0), [dev_chain.token], None, payees) == ()
