"""A chain through nodes that lag, lie and vanish; and transfers that are made once, whatever is sent how often."""

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.chain import known
from app.adapters.chain.evm import BATCH_MAX, EvmChain
from app.adapters.chain.keys import LocalSigner
from app.ports.chain.chain import Chain
from app.ports.chain.values import Authorization, ChainMismatch, ChainRefused, ChainUnavailable, Fate, Fees
from tests.emulators.anvil import Anvil
from tests.support.settling import FAR, Change, address_of, bring, final_outcomes, nonce_of, signed, through


def answers(method: str, result: Any) -> Change:
    """A node that answers a method with what it likes."""

    def change(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": said["id"], "result": result} if asked["method"] == method else said

    return change


def silent(_asked: dict[str, Any], _said: dict[str, Any]) -> None:
    return None


async def test_the_dev_chain_is_what_it_is_configured_to_be(chain: Chain) -> None:
    await chain.check()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id": 137}, "is chain 31337"),
        ({"token_name": "USDC"}, "is no 'USDC'"),
        ({"token": known.MULTICALL}, "is no"),
        ({"code_hashes": ((known.MULTICALL, known.MULTICALL_HASH),)}, "the code at"),
        ({"nodes_min": 2}, "needs 2 nodes"),
    ],
)
async def test_a_chain_that_is_another_one_is_refused(chain: EvmChain, wrong: dict[str, Any], says: str) -> None:
    other = EvmChain(replace(chain.rules, **wrong), chain._nodes[0]._client)
    with pytest.raises(ChainMismatch, match=says):
        await other.check()


async def test_a_chain_of_our_own_is_configuration_alone(chain: EvmChain, node: Anvil) -> None:
    """Base has no class and no branch: only values, and a depth where a chain has no tag."""
    base = replace(chain.rules, name="Base", finality_blocks=5)
    node.mine(10)
    found = await EvmChain(base, chain._nodes[0]._client).finalized()
    assert found.number == (await chain.head()).number - 5


async def test_a_batch_pays_each_once_and_a_blocked_one_alone_is_left(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 30_000_000)
    names = ["ada", "bob", "eve"]
    batch = [signed(chain, treasury, name, 5_000_000 + number) for number, name in enumerate(names)]
    node.call("blacklist(address)", address_of("eve"))
    assert await chain.is_blocked(address_of("eve"), await chain.head())
    first = await bring(chain, node, gas_account, chain.relay(batch))
    outcomes = await final_outcomes(chain, node, treasury.address, names)
    assert [outcomes[name].fate for name in names] == [Fate.USED, Fate.USED, Fate.OPEN]
    assert (outcomes["bob"].payee, outcomes["bob"].units) == (address_of("bob"), 5_000_001)
    assert {outcomes[name].transaction for name in ("ada", "bob")} == {first.hash}

    node.call("unBlacklist(address)", address_of("eve"))
    await bring(chain, node, gas_account, chain.relay(batch))
    await bring(chain, node, gas_account, chain.relay(batch))
    again = await final_outcomes(chain, node, treasury.address, names)
    assert again["ada"] == outcomes["ada"]
    assert [node.balance(address_of(name)) for name in names] == [5_000_000, 5_000_001, 5_000_002]
    assert node.balance(treasury.address) == 30_000_000 - 15_000_003


async def test_what_is_not_final_counts_for_nothing(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 9_000_000)
    await bring(chain, node, gas_account, chain.relay([signed(chain, treasury, "ada", 7_250_000)]))
    final = await chain.finalized()
    assert (await chain.outcomes(treasury.address, [nonce_of("ada")], 0, final))[nonce_of("ada")].fate is Fate.OPEN
    node.ask("anvil_reorg", 1, [])
    assert (await final_outcomes(chain, node, treasury.address, ["ada"]))["ada"].fate is Fate.OPEN
    assert node.balance(address_of("ada")) == 0


async def test_a_cancelled_payment_never_pays_even_if_it_is_sent_later(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 9_000_000)
    old = signed(chain, treasury, "ada", 5_000_000)
    await bring(chain, node, gas_account, chain.cancel(treasury.address, nonce_of("ada"), treasury))
    await bring(chain, node, gas_account, chain.relay([old]))
    outcome = (await final_outcomes(chain, node, treasury.address, ["ada"]))["ada"]
    assert outcome.fate is Fate.CANCELED
    assert node.balance(address_of("ada")) == 0


async def test_an_expired_payment_is_signed_anew_under_its_nonce_and_pays_once(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 20_000_000)
    expired = signed(chain, treasury, "ada", 5_000_000, valid_before=1)
    await bring(chain, node, gas_account, chain.relay([expired]))
    with pytest.raises(ChainRefused):
        await chain.simulate(expired)
    anew = signed(chain, treasury, "ada", 5_000_000)
    await chain.simulate(anew)
    await bring(chain, node, gas_account, chain.relay([anew]))
    await bring(chain, node, gas_account, chain.relay([signed(chain, treasury, "ada", 5_000_000, FAR + 1)]))
    assert (await final_outcomes(chain, node, treasury.address, ["ada"]))["ada"].fate is Fate.USED
    assert node.balance(address_of("ada")) == 5_000_000


async def test_a_batch_that_starves_is_judged_by_what_was_paid(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    """That a transaction succeeded says nothing of its transfers (across-protocol/relayer#3662)."""
    node.mint(treasury.address, 100_000_000)
    names = [f"payee {number}" for number in range(4)]
    whole = chain.relay([signed(chain, treasury, name, 1_000_000) for name in names])
    paid: list[int] = []
    for gas in (whole.gas // 6, whole.gas // 3, whole.gas // 2, whole.gas):
        await bring(chain, node, gas_account, replace(whole, gas=gas))
        outcomes = await final_outcomes(chain, node, treasury.address, names)
        paid = [1_000_000 if outcomes[name].fate is Fate.USED else 0 for name in names]
        assert [node.balance(address_of(name)) for name in names] == paid
    assert paid == [1_000_000] * 4
    assert node.balance(treasury.address) == 96_000_000


async def test_a_full_batch_has_gas_for_all(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 100_000_000)
    names = [f"payee {number}" for number in range(BATCH_MAX)]
    batch = [signed(chain, treasury, name, 1_000_000) for name in names]
    await bring(chain, node, gas_account, chain.relay(batch))
    assert all(node.balance(address_of(name)) == 1_000_000 for name in names)
    with pytest.raises(ChainMismatch, match="1 to 100"):
        chain.relay([*batch, signed(chain, treasury, "one more", 1)])


async def test_a_transaction_has_the_hash_that_was_stored_before_it_was_sent(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    transaction = await bring(chain, node, gas_account, chain.relay([signed(chain, treasury, "ada", 1)]))
    assert node.ask("eth_getTransactionByHash", transaction.hash)["from"] == gas_account.address.lower()
    again = await chain.send(transaction)
    assert again.taken_by == 0
    assert again.said


async def test_a_node_that_serves_another_block_stops_everything(node: Anvil) -> None:
    def orphaned(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "eth_getBlockByNumber":
            said["result"]["hash"] = nonce_of("orphan")
        return said

    chain, client = through(node, good=None, bad=orphaned)
    async with client:
        with pytest.raises(ChainUnavailable, match="disagree on block"):
            await chain.finalized()


async def test_a_node_that_lags_holds_up_nobody_while_two_others_agree(node: Anvil) -> None:
    def lagging(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        if asked["method"] == "eth_getBlockByNumber" and asked["params"][0] == "finalized":
            said["result"]["number"] = "0x1"
        return said

    chain, client = through(node, one=None, two=None, three=lagging)
    async with client:
        assert (await chain.finalized()).number == (await chain.head()).number - 2


async def test_one_node_is_not_enough_where_two_must_agree(node: Anvil) -> None:
    chain, client = through(node, good=None, gone=silent)
    async with client:
        with pytest.raises(ChainUnavailable, match="1 nodes of Dev chain answer, and 2 are needed"):
            await chain.finalized()


async def test_a_node_that_hides_a_payment_is_not_believed(
    chain: EvmChain, node: Anvil, treasury: LocalSigner, gas_account: LocalSigner
) -> None:
    node.mint(treasury.address, 9_000_000)
    await bring(chain, node, gas_account, chain.relay([signed(chain, treasury, "ada", 7_250_000)]))
    node.mine(2)
    final = await chain.finalized()
    empty, client = through(node, good=None, bad=answers("eth_getLogs", []))
    async with client:
        with pytest.raises(ChainUnavailable, match="1 nodes"):
            await empty.outcomes(treasury.address, [nonce_of("ada")], 0, final)
        assert await empty.balance(treasury.address, final) == 1_750_000


async def test_nodes_that_disagree_on_money_are_not_believed(node: Anvil, treasury: LocalSigner) -> None:
    node.mint(treasury.address, 9_000_000)
    chain, client = through(node, good=None, bad=answers("eth_call", "0x" + "0" * 64))
    async with client:
        with pytest.raises(ChainUnavailable, match="disagree on eth_call"):
            await chain.balance(treasury.address, await chain.head())


async def test_fees_stay_within_the_bounds_of_the_chain(chain: EvmChain) -> None:
    polygon = EvmChain(replace(chain.rules, tip_wei_min=known.POLYGON_TIP_WEI), chain._nodes[0]._client)
    fees = await polygon.fees()
    assert fees.tip_wei == 30 * known.GWEI
    assert fees.fee_wei > fees.tip_wei
    capped = EvmChain(replace(chain.rules, tip_wei_min=known.POLYGON_TIP_WEI, fee_wei_max=7), chain._nodes[0]._client)
    assert await capped.fees() == Fees(7, 7)


async def test_a_signer_signs_for_itself_alone(chain: EvmChain, treasury: LocalSigner) -> None:
    asked = Authorization(address_of("somebody"), address_of("ada"), 1, FAR, nonce_of("ada"))
    with pytest.raises(ChainMismatch, match="can sign nothing for"):
        chain.authorize(asked, treasury)
    assert not await chain.has_code(treasury.address, await chain.head())
    assert await chain.has_code(known.MULTICALL, await chain.head())
