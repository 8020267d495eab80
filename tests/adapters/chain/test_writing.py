"""What is signed is what the token takes: once, by whoever brings it, each transfer on its own."""

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.chain.chains import EvmChain
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import KEYS, TEST_WALLET
from app.adapters.chain.keys import LocalSigner
from app.adapters.chain.signed import transfer_digest
from app.ports.chain.values import BATCH_MAX, AddressInvalid, Authorization, ChainMismatch, ChainRefused, Fate
from tests.support.settling import (
    FAR,
    GAS_KEY,
    TREASURY_KEY,
    address_of,
    bring,
    final_outcomes,
    nonce_of,
    signed,
    through,
)

PAYEES = ["ada", "bob", "eve"]


async def test_a_batch_pays_each_once_and_a_blocked_one_alone_is_left(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 30_000_000)
    batch = [signed(chain, name, 5_000_000 + number) for number, name in enumerate(PAYEES)]
    dev_chain.call("blacklist(address)", address_of("eve"))
    first = await bring(chain, dev_chain, chain.relay(batch))
    outcomes = await final_outcomes(chain, dev_chain, PAYEES)
    assert [outcomes[name].fate for name in PAYEES] == [Fate.USED, Fate.USED, Fate.OPEN]
    assert {outcomes[name].transaction for name in ("ada", "bob")} == {first.hash}

    dev_chain.call("unBlacklist(address)", address_of("eve"))
    await bring(chain, dev_chain, chain.relay(batch))
    await bring(chain, dev_chain, chain.relay(batch))
    again = await final_outcomes(chain, dev_chain, PAYEES)
    assert again["ada"] == outcomes["ada"]
    assert [dev_chain.balance(address_of(name)) for name in PAYEES] == [5_000_000, 5_000_001, 5_000_002]
    assert dev_chain.balance(TREASURY_KEY.address) == 30_000_000 - 15_000_003


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_cancelled_payment_never_pays_even_if_it_is_sent_later(
    chain: EvmChain, dev_chain: DevChain, at_once: bool
) -> None:
    dev_chain.mint(TREASURY_KEY.address, 9_000_000)
    old = signed(chain, "ada", 5_000_000)
    payer, nonce = TREASURY_KEY.address, nonce_of("ada")
    if at_once:
        call = chain.cancel_many(payer, [nonce, nonce_of("bob")], TREASURY_KEY)
    else:
        call = chain.cancel(payer, nonce, TREASURY_KEY)
    await chain.simulate(call, GAS_KEY.address)
    await bring(chain, dev_chain, call)
    await bring(chain, dev_chain, chain.relay([old]))
    outcomes = await final_outcomes(chain, dev_chain, ["ada", "bob"])
    assert outcomes["ada"].fate is Fate.CANCELED
    assert outcomes["bob"].fate is (Fate.CANCELED if at_once else Fate.OPEN)
    assert dev_chain.balance(address_of("ada")) == 0


@pytest.mark.unhurried
async def test_an_expired_payment_is_signed_anew_under_its_nonce_and_pays_once(
    chain: EvmChain, dev_chain: DevChain
) -> None:
    dev_chain.mint(TREASURY_KEY.address, 20_000_000)
    expired = signed(chain, "ada", 5_000_000, valid_before=1)
    await bring(chain, dev_chain, chain.relay([expired]))
    with pytest.raises(ChainRefused, match="expired"):
        await chain.simulate(chain.relay_one(expired), GAS_KEY.address)
    anew = signed(chain, "ada", 5_000_000)
    await chain.simulate(chain.relay_one(anew), GAS_KEY.address)
    await bring(chain, dev_chain, chain.relay([anew]))
    await bring(chain, dev_chain, chain.relay([signed(chain, "ada", 5_000_000, FAR + 1)]))
    assert (await final_outcomes(chain, dev_chain, ["ada"]))["ada"].fate is Fate.USED
    assert dev_chain.balance(address_of("ada")) == 5_000_000


@pytest.mark.unhurried
async def test_one_node_that_refuses_everything_keeps_no_payout_back(dev_chain: DevChain) -> None:
    """What goes out is tried before; a node that says no, or lags behind a deposit, must not have the last word."""

    def refusing(asked: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        is_tried = asked["method"] == "eth_call" and "from" in asked["params"][0]
        return {"jsonrpc": "2.0", "id": said["id"], "error": {"code": 3, "message": "no"}} if is_tried else said

    dev_chain.mint(TREASURY_KEY.address, 5_000_000)
    async with through(dev_chain, bad=refusing, good=None, other=None) as chain:
        await chain.simulate(chain.relay_one(signed(chain, "ada", 5_000_000)), GAS_KEY.address)
        with pytest.raises(ChainRefused, match="no"):
            await chain.simulate(chain.relay_one(signed(chain, "ada", 5_000_001)), GAS_KEY.address)


async def test_a_wallets_signature_is_relayed_and_another_ones_refused(chain: EvmChain, dev_chain: DevChain) -> None:
    wallet = LocalSigner.of_key(KEYS[TEST_WALLET], 31_337)
    dev_chain.mint(wallet.address, 25_000_000)
    asked = Authorization(wallet.address, address_of("deposit"), 25_000_000, FAR, nonce_of("topup"))
    signature = "0x" + wallet.sign(transfer_digest(chain.rules, asked)).hex()
    relayed = chain.read_signature(asked, signature)
    await bring(chain, dev_chain, chain.relay_one(relayed))
    assert dev_chain.balance(address_of("deposit")) == 25_000_000
    with pytest.raises(AddressInvalid, match="no signature of"):
        chain.read_signature(replace(asked, units=24_000_000), signature)
    with pytest.raises(ChainRefused, match="used or canceled"):
        await chain.simulate(chain.relay_one(relayed), GAS_KEY.address)


@pytest.mark.unhurried
async def test_a_batch_that_starves_is_judged_by_what_was_paid(chain: EvmChain, dev_chain: DevChain) -> None:
    """That a transaction succeeded says nothing of its transfers (across-protocol/relayer#3662)."""
    dev_chain.mint(TREASURY_KEY.address, 100_000_000)
    names = [f"payee {number}" for number in range(4)]
    whole = chain.relay([signed(chain, name, 1_000_000) for name in names])
    paid: list[int] = []
    for gas in (whole.gas // 6, whole.gas // 3, whole.gas // 2, whole.gas):
        await bring(chain, dev_chain, replace(whole, gas=gas))
        outcomes = await final_outcomes(chain, dev_chain, names)
        paid = [1_000_000 if outcomes[name].fate is Fate.USED else 0 for name in names]
        assert [dev_chain.balance(address_of(name)) for name in names] == paid
    assert paid == [1_000_000] * 4
    assert dev_chain.balance(TREASURY_KEY.address) == 96_000_000


@pytest.mark.unhurried
async def test_a_full_batch_has_gas_for_all(chain: EvmChain, dev_chain: DevChain) -> None:
    dev_chain.mint(TREASURY_KEY.address, 100_000_000)
    names = [f"payee {number}" for number in range(BATCH_MAX)]
    batch = [signed(chain, name, 1_000_000) for name in names]
    await bring(chain, dev_chain, chain.relay(batch))
    assert all(dev_chain.balance(address_of(name)) == 1_000_000 for name in names)
    for wrong in ([], [*batch, signed(chain, "one more", 1)]):
        with pytest.raises(ChainMismatch, match="1 to 100"):
            chain.relay(wrong)


async def test_a_number_is_used_up_by_nothing(chain: EvmChain, dev_chain: DevChain) -> None:
    sent = await bring(chain, dev_chain, chain.nothing(GAS_KEY.address))
    receipt = await chain.receipt(sent.hash)
    assert receipt is not None
    assert (receipt.succeeded, receipt.gas_used) == (True, 21_000)


async def test_a_signer_signs_for_itself_alone(chain: EvmChain) -> None:
    asked = Authorization(address_of("somebody"), address_of("ada"), 1, FAR, nonce_of("ada"))
    with pytest.raises(ChainMismatch, match="can sign nothing for"):
        chain.authorize(asked, TREASURY_KEY)


async def test_deposit_addresses_are_swept_to_the_treasury_and_nowhere_else(
    chain: EvmChain, dev_chain: DevChain
) -> None:
    chain.rules = replace(chain.rules, factory=dev_chain.factory)
    salts = [nonce_of(f"wallet {number}") for number in range(3)]
    addresses = [chain.deposit_address(salt) for salt in salts]
    for number, address in enumerate(addresses[:2]):
        dev_chain.mint(address, 25_000_000 + number)
    await bring(chain, dev_chain, chain.sweep(salts, dev_chain.token))
    assert await chain.balances([*addresses, TREASURY_KEY.address], await chain.head()) == {
        **dict.fromkeys(addresses, 0), TREASURY_KEY.address: 50_000_001
    }  # fmt: skip
    with pytest.raises(ChainMismatch, match="1 to 100"):
        chain.sweep([], dev_chain.token)
