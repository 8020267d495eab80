"""Everybody finds their own part, checks it with the guide's script alone, and never somebody else's."""

import asyncio
import json
import re
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from app import db
from app.domain.errors import NotFound
from app.domain.money import Environment
from app.domain.reserves.cut import Place, read_cut
from app.domain.reserves.owed import read_owed
from app.flows.settlement.liabilities.planting import Owed, plant, read_published
from app.flows.settlement.liabilities.reading import read_own
from tests.support.managing import own
from tests.support.paying_out import CHAIN, ONE, make_earner, make_saver, withdraw
from tests.support.published import published

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GUIDE = Path(__file__).parents[4] / "app/guide/use/reserves.md"
SANDBOX = Environment.SANDBOX


def grown() -> dict[str, Any]:
    """Makes the tree of what is owed now, and returns what is published."""
    places = [Place(CHAIN, 99)]
    with db.transaction(writes=False) as session:
        cut, accounts = read_cut(session, SANDBOX, places), dict(read_owed(session, SANDBOX, places))
    asyncio.run(plant(Owed(SANDBOX, accounts, []), cut))
    with db.transaction(writes=False) as session:
        return {"reports": [{"environment": "sandbox", "liabilities": read_published(session, SANDBOX)}]}


def check(folder: Path, mine: dict[str, Any], said: dict[str, Any]) -> tuple[int, str]:
    """Runs the guide's script on somebody's file against what an instance publishes."""
    script = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)[1]
    (folder / "mine.py").write_text(script)
    (folder / "liabilities.json").write_text(json.dumps(mine))
    with published(folder / "instance", said) as url:
        called = [sys.executable, "-I", str(folder / "mine.py"), url, str(folder / "liabilities.json")]
        done = subprocess.run(called, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.unhurried
def test_whoever_has_money_finds_it_counted_with_nothing_but_python(database: str, tmp_path: Path) -> None:
    ada, wallet = make_saver(9 * ONE + 1)
    paywall = make_earner(4 * ONE)
    own(paywall, ada)
    payout = withdraw(ada, 5 * ONE, "0xAda")
    for number in range(3):
        make_saver(ONE + number, email=f"p{number}@example.org")
    said, mine = grown(), asyncio.run(read_own(ada))
    code, heard = check(tmp_path, mine, said)
    assert code == 0, heard
    assert f"{wallet.id}: 4.000001000 USDC counted." in heard
    assert f"payout_transit:{payout.id}: 5.000000000 USDC counted." in heard
    assert f"earnings:{paywall}: 4.000000000 USDC counted." in heard
    # Of a root that is published no more its total is not either: somebody might always be shown an older tree.
    assert check(tmp_path, mine, grown()) == (
        1,
        "sandbox USDC: this root is not published. Download your part again.\n",
    )


@pytest.mark.unhurried
def test_what_was_tampered_with_is_found(database: str, tmp_path: Path) -> None:
    ada, wallet = make_saver(9 * ONE)
    make_saver(ONE, email="bob@example.org")
    said, mine = grown(), asyncio.run(read_own(ada))

    def leaf(file: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in file["liabilities"][0]["yours"] if one["account"] == wallet.id)
        return found

    less, hidden, negative, elsewhere = (deepcopy(mine) for _ in range(4))
    leaf(less)["nanos"] = str(int(leaf(less)["nanos"]) - 1)
    leaf(hidden)["beside"][0]["nanos"] = "0"
    leaf(negative)["beside"][0]["nanos"] = "-1"
    leaf(elsewhere)["account"] = "sandbox:USDC:wallet:wal_eve"
    for wrong in (less, hidden, elsewhere):
        code, heard = check(tmp_path, wrong, said)
        assert code == 1 and "a leaf does not lead to the root" in heard, heard
    assert check(tmp_path, negative, said) == (1, "-1 is no sum.\n")
    lower = deepcopy(said)
    lower["reports"][0]["liabilities"][0]["total"] = "1"  # less than all leaves come to
    assert "does not lead to the root" in check(tmp_path, mine, lower)[1]
    doubled = deepcopy(mine)
    doubled["liabilities"][0]["yours"].append(leaf(doubled))
    code, heard = check(tmp_path, doubled, said)
    assert code == 1 and "is there twice, and counts once" in heard


def test_nobody_has_the_way_of_another(database: str) -> None:
    ada, theirs = make_saver(9 * ONE)
    bob, his = make_saver(ONE, email="bob@example.org")
    grown()
    assert theirs.owner not in json.dumps(asyncio.run(read_own(bob)))
    (tree,) = asyncio.run(read_own(bob, his.id))["liabilities"]
    assert {one["account"] for one in tree["yours"]} == {his.id}
    for account in (theirs.id, theirs.promo.id, "sandbox:USDC:provider_payable:built-in", "nonsense"):
        with pytest.raises(NotFound, match="no such account of yours"):
            asyncio.run(read_own(bob, account))
    assert asyncio.run(read_own(ada, theirs.promo.id))["liabilities"][0]["yours"] == []
