"""Anvil as a process of ours."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app.adapters.chain.dev import anvil
from app.adapters.chain.dev.node import DevNode
from app.domain.errors import Unavailable
from tests.emulators.anvil import packages
from tests.support.waiting import wait_until


@pytest.mark.unhurried
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


KILLED = """
import sys, time
from pathlib import Path
from app.adapters.chain.dev import anvil
packages, home = map(Path, sys.argv[1:])
with anvil.running(packages, anvil.by_itself(home / "state.json"), lock=home / "lock") as url:
    print(url, flush=True)
    time.sleep(600)
"""


@pytest.mark.unhurried
def test_who_is_killed_leaves_no_chain_behind_and_loses_nothing(tmp_path: Path) -> None:
    words = anvil.by_itself(tmp_path / "state.json")
    command = [sys.executable, "-c", KILLED, str(packages()), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with closing(DevNode(url)) as node:
            paid = node.transact(node.accounts[6], "0x", value=7)
        process.kill()
    with anvil.running(packages(), words, lock=tmp_path / "lock") as again, closing(DevNode(again)) as node:
        with pytest.raises(httpx.TransportError):
            httpx.get(url)
        found = node.ask("eth_getTransactionReceipt", paid["transactionHash"])
        assert (found["blockHash"], found["blockNumber"]) == (paid["blockHash"], paid["blockNumber"])


def test_a_chain_that_cannot_start_says_why() -> None:
    said = pytest.raises(Unavailable, match=r"did not start: (.|\n)*--nonsense")
    with said, anvil.running(packages(), ["--nonsense"]):
        pass
