"""The test wallet pays and signs what it is asked to, however often."""

import pytest

from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET
from app.adapters.chain.dev.wallet import FAUCET_UNITS, DevWallet
from app.adapters.chain.keys import signature_said, signer_of
from app.adapters.chain.signed import transfer_digest, typed_transfer
from app.ports.chain.values import Authorization
from tests.support.settling import FAR, nonce_of, rules_of


@pytest.mark.unhurried
async def test_it_is_never_empty(dev_chain: DevChain) -> None:
    payee, wallet = dev_chain.node.accounts[6], DevWallet(dev_chain.node.url, dev_chain.token)
    for _ in range(2):
        await wallet.pay(payee, 10_000_000)
    assert dev_chain.balance(payee) == 20_000_000
    assert dev_chain.balance(dev_chain.node.accounts[TEST_WALLET]) == FAUCET_UNITS - 10_000_000


async def test_it_signs_what_a_browsers_wallet_would(dev_chain: DevChain) -> None:
    wallet, rules = DevWallet(dev_chain.node.url, dev_chain.token), rules_of(dev_chain)
    address = await wallet.address(5_000_000)
    assert dev_chain.balance(address) >= 5_000_000
    asked = Authorization(address, dev_chain.node.accounts[6], 5_000_000, FAR, nonce_of("topup"))
    signature = signature_said(await wallet.sign(typed_transfer(rules, asked)))
    assert signer_of(transfer_digest(rules, asked), signature) == address
