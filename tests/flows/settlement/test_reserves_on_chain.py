"""Reserves on a real chain, and the guide's script, with which anybody reads its part again."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import db
from app.adapters.chain.dev.chain import DevChain
from app.adapters.chain.dev.node import TEST_WALLET
from app.domain.reserves import reports
from app.flows.events.mails import Desk
from app.flows.settlement.reserves import Reserves
from tests.support.depositing import Depositing, depositing
from tests.support.managing import person
from tests.support.paying_on_chain import rail_on
from tests.support.paying_out import Mails
from tests.support.published import published

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GUIDE = Path(__file__).parents[3] / "app/guide/use/reserves.md"
PEOPLE = 3


def run_script(tmp_path: Path, instance: str, rpc: str) -> tuple[int, str]:
    script, _ = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    file = tmp_path / "reserves.py"
    file.write_text(script)
    called = [sys.executable, str(file), instance, rpc]
    done = subprocess.run(called, check=False, capture_output=True, text=True, timeout=60)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


async def compared(at: Depositing, dev: DevChain) -> dict[str, Any]:
    """Lets all be final, reads it as the jobs do, and compares it; returns what is published."""
    await at.read_final()
    async with rail_on(dev) as rail:
        await rail.go_on()
        assert await Reserves([rail], Desk(Mails(), frozenset())).compare_all() == 1
    with db.transaction(writes=False) as session:
        return {"reports": [one.document for one in reports.read_all(session)]}


async def test_anybody_reads_the_chains_part_again(database: str, dev_chain: DevChain, tmp_path: Path) -> None:
    payer = dev_chain.node.accounts[TEST_WALLET]
    dev_chain.mint(payer, 1_000_000_000)
    async with depositing(dev_chain) as at:
        places = [await at.address_of(person(f"p{number}@example.org")) for number in range(PEOPLE)]
        for address in places:
            dev_chain.call("transfer(address,uint256)", address, 1_000_001, sender=payer)
        said = await compared(at, dev_chain)
    (chain,) = said["reports"][0]["chains"]
    assert (chain["held"], chain["difference"], chain["deposit_addresses"]) == ("3.000003", "0", PEOPLE)
    assert sorted(one["address"] for one in chain["deposits"]) == sorted(places)
    dev_chain.node.mine(5)  # the block that was read is the one that is asked for, not the newest
    dev_chain.call("transfer(address,uint256)", places[0], 7, sender=payer)
    with published(tmp_path / "site", said) as url:
        code, words = run_script(tmp_path, url, dev_chain.node.url)
    assert (code, words) == (0, f"Dev chain, block {chain['block']['number']}: 3.000003 found, 3.000003 stated.")
    lied = json.loads(json.dumps(said).replace('"1.000001"', '"1.5"'))
    with published(tmp_path / "site", lied) as url:
        code, words = run_script(tmp_path, url, dev_chain.node.url)
    assert code == 1 and f"{sorted(places)[0]} holds 1.000001, and 1.5 is stated." in words
