"""What became of authorizations: paid, dead or open, and never open where a node only hides what happened."""

import pytest

from app.adapters.chain import abi
from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.ports.chain.values import ChainUnavailable, Fate
from tests.support.settling import (
    TREASURY_KEY,
    address_of,
    answers,
    bring,
    final_outcomes,
    nonce_of,
    signed,
    through,
)


async def test_what_is_not_final_counts_for_nothing(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 9_000_000)
    await bring(chain, dev_chain, chain.relay([signed(chain, "ada", 7_250_000)]))
    final, nonce = await chain.finalized(), nonce_of("ada")
    assert (await chain.outcomes(TREASURY_KEY.address, [nonce], 0, final))[nonce].fate is Fate.OPEN
    dev_chain.node.ask("anvil_reorg", 1, [])
    assert (await final_outcomes(chain, dev_chain, ["ada"]))["ada"].fate is Fate.OPEN
    assert dev_chain.balance(address_of("ada")) == 0


async def test_each_fate_says_where_and_what_was_paid_to_whom(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 9_000_000)
    paid = await bring(chain, dev_chain, chain.relay([signed(chain, "ada", 5_000_000), signed(chain, "bob", 1)]))
    canceled = await bring(chain, dev_chain, chain.cancel(TREASURY_KEY.address, nonce_of("eve"), TREASURY_KEY))
    found = await final_outcomes(chain, dev_chain, ["ada", "bob", "eve", "dan"])
    assert [found[name].fate for name in ("ada", "bob", "eve", "dan")] == [
        Fate.USED, Fate.USED, Fate.CANCELED, Fate.OPEN
    ]  # fmt: skip
    assert (found["ada"].payee, found["ada"].units) == (address_of("ada"), 5_000_000)
    assert (found["bob"].payee, found["bob"].units) == (address_of("bob"), 1)
    assert (found["ada"].transaction, found["eve"].transaction) == (paid.hash, canceled.hash)
    assert found["eve"].payee is None


async def test_more_than_one_question_holds_are_all_answered(
    chain: EvmChain, dev_chain: DevChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.adapters.chain.outcomes.NONCES_MAX", 2)
    dev_chain.mint(TREASURY_KEY.address, 100)
    names = [f"payee {number}" for number in range(5)]
    await bring(chain, dev_chain, chain.relay([signed(chain, name, 1 + len(name)) for name in (names[0], names[4])]))
    found = await final_outcomes(chain, dev_chain, names)
    assert [found[name].fate is Fate.USED for name in names] == [True, False, False, False, True]
    assert await chain.outcomes(TREASURY_KEY.address, [], 0, await chain.finalized()) == {}


@pytest.mark.unhurried
@pytest.mark.parametrize("lie", ["no log", "unspent", "another transfer", "no receipt"])
async def test_a_node_that_hides_or_changes_a_payment_is_not_believed(
    chain: EvmChain, dev_chain: DevChain, lie: str
) -> None:
    dev_chain.mint(TREASURY_KEY.address, 9_000_000)
    sent = await bring(chain, dev_chain, chain.relay([signed(chain, "ada", 7_250_000)]))
    dev_chain.node.finalize()
    final, nonce = await chain.finalized(), nonce_of("ada")
    receipt = dev_chain.node.ask("eth_getTransactionReceipt", sent.hash)
    changed = {**receipt, "logs": [receipt["logs"][0], {**receipt["logs"][1], "data": "0x" + "0" * 63 + "1"}]}
    unspent = abi.encoded(["(bool,bytes)[]"], [(True, bytes(32))])
    bad = {
        "no log": answers("eth_getLogs", []),
        "unspent": answers("eth_call", "0x" + unspent.hex(), "requireCanonical"),
        "another transfer": answers("eth_getTransactionReceipt", changed),
        "no receipt": answers("eth_getTransactionReceipt", None),
    }[lie]
    async with through(dev_chain, good=None, bad=bad) as lying:
        with pytest.raises(ChainUnavailable):
            await lying.outcomes(TREASURY_KEY.address, [nonce], 0, final)
    async with through(dev_chain, one=None, two=None, bad=bad) as lying:
        found = (await lying.outcomes(TREASURY_KEY.address, [nonce], 0, final))[nonce]
        assert (found.fate, found.payee, found.units) == (Fate.USED, address_of("ada"), 7_250_000)
