"""Anvil as a process of ours."""

from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.adapters.chain.dev import anvil
from app.adapters.chain.dev.node import DevNode
from app.domain.errors import Unavailable
from tests.emulators.anvil import packages
from tests.support.waiting import wait_until


def test_a_chain_goes_on_where_it_ended(tmp_path: Path) -> None:
    words = anvil.by_itself(tmp_path / "state.json")
    with anvil.running(packages(), words) as url, closing(DevNode(url)) as node:
        paid = node.transact(node.accounts[6], "0x", value=7)
        wait_until(lambda: int(node.ask("eth_blockNumber"), 16) > int(paid["blockNumber"], 16))  # by itself
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with anvil.running(packages(), words) as url, closing(DevNode(url)) as node:
        found = node.ask("eth_getTransactionReceipt", paid["transactionHash"])
        assert (found["blockHash"], found["blockNumber"]) == (paid["blockHash"], paid["blockNumber"])


def test_a_chain_that_cannot_start_says_why() -> None:
    said = pytest.raises(Unavailable, match=r"did not start: (.|\n)*--nonsense")
    with said, anvil.running(packages(), ["--nonsense"]):
        pass
