"""The demo's chain goes on where it was left, and its test wallet pays."""

import shutil
from pathlib import Path

from app.adapters.chain.dev import kept
from app.adapters.chain.dev.node import TEST_WALLET
from app.adapters.chain.dev.wallet import DevWallet
from tests.emulators.anvil import packages


async def test_what_was_deployed_is_found_again(tmp_path: Path) -> None:
    installed = tmp_path / kept.PACKAGES
    installed.mkdir()
    (installed / packages().parent.name).symlink_to(packages().parent)  # so that npm has nothing to do
    steps: list[str] = []
    with kept.running(tmp_path, lambda step, _share: steps.append(step)) as chain:
        payee, token = chain.node.accounts[6], chain.token
        assert chain.balance(chain.node.accounts[TEST_WALLET]) == kept.GIFT_UNITS
        hash_ = await DevWallet(chain.node.url, token).pay(payee, kept.GIFT_UNITS + 5)  # the faucet helps out
        assert chain.node.ask("eth_getTransactionReceipt", hash_)["status"] == "0x1"
    assert steps == ["Installing the dev chain (first start only)", "Starting the dev chain"]
    with kept.running(tmp_path, lambda _step, _share: None) as again:
        assert (again.token, again.balance(payee)) == (token, kept.GIFT_UNITS + 5)
    shutil.rmtree(tmp_path / kept.STATE)
    with kept.running(tmp_path, lambda _step, _share: None) as fresh:
        assert fresh.balance(payee) == 0
