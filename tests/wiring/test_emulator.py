"""The emulator of Stripe beside a demo: there from a clone, gone with the demo, and missed in words elsewhere."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from app.adapters.payments.stripe_client import StripeClients
from app.domain.errors import Unavailable
from app.wiring.emulator import emulated_stripe
from tests.support.server import running
from tests.support.waiting import until


def read_instance(data: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((data / "instance.json").read_text())
    return found


def is_gone(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.TransportError as error:
        return isinstance(error, httpx.ConnectError)  # one that breaks off is about to go
    return False


@pytest.mark.unhurried
async def test_it_has_accounts_that_our_keys_reach_and_ends_with_the_block() -> None:
    with emulated_stripe() as emulated:
        keys = (emulated.key, emulated.developers_key)
        assert not any(key in repr(emulated) for key in keys) and len(set(keys)) == 2
        clients = StripeClients(emulated.url)
        for key in keys:
            balance = await clients.reach(key, key).call(lambda client: client.v1.balance.retrieve_async())
            assert not balance.livemode
        await clients.close()
    assert is_gone(emulated.url)


@pytest.mark.unhurried
async def test_it_ends_though_whoever_started_it_was_killed() -> None:
    code = "import time\nfrom app.wiring.emulator import emulated_stripe\n"
    code += "with emulated_stripe() as made:\n    print(made.url, flush=True)\n    time.sleep(600)\n"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert not is_gone(url)
        process.kill()
    await until(lambda: is_gone(url))


def test_where_there_are_no_tests_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="clone"), emulated_stripe(tmp_path):
        pass


@pytest.mark.slow
async def test_a_demo_beside_it_takes_test_cards_as_the_operator_and_takes_it_along(tmp_path: Path) -> None:
    """Only a demo that is started as its users start it shows that the emulator ends with it."""
    with running(tmp_path / "data", "--stripe-emulator") as demo:
        url = read_instance(demo.data)["stripe"]
        engine = create_engine(f"sqlite:///{demo.data / 'coinslot.db'}")

        def accounts() -> list[str]:
            with engine.connect() as connection:
                rows = connection.execute(text("SELECT account FROM connection WHERE rail = 'stripe'"))
                return [row.account for row in rows]

        await until(lambda: len(accounts()) == 1)
        engine.dispose()
        assert accounts()[0].startswith("acct_")
        assert demo.stop() == 0
    assert is_gone(url)
