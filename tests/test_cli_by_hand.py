"""What an operator does by hand, as processes."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app.flows.paywalls.demo import PAYWALL_ID
from tests.support.server import command, running


@pytest.mark.unhurried
def test_a_paywall_is_given_while_it_is_served_and_its_keys_go_on(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        paywall_id, data = PAYWALL_ID, ("--data", str(tmp_path / "data"))
        done = command("paywall", "give", paywall_id, "Ada@Example.org", *data)
        assert done.returncode == 0, done.stderr
        assert f"{paywall_id} belongs to ada@example.org now" in done.stdout and "once they sign in" in done.stdout
        assert demo.chat("demo-mini", demo.new_user()).json()["usage"]
        for arguments in (("pw_none", "ada@example.org"), (paywall_id, "nobody")):
            refused = command("paywall", "give", *arguments, *data)
            assert refused.returncode == 1 and len(refused.stderr.strip().splitlines()) == 1


def test_a_frozen_wallet_is_thawed_while_it_is_served(tmp_path: Path) -> None:
    with running(tmp_path / "data") as demo:
        user, data = demo.new_user("5"), ("--data", str(tmp_path / "data"))
        engine = create_engine(f"sqlite:///{demo.data / 'coinslot.db'}")
        with engine.begin() as connection:
            wallet_id = connection.execute(text("SELECT id FROM wallet")).scalar_one()
            connection.execute(text("UPDATE wallet SET frozen_at = 1"))
            connection.execute(text("INSERT INTO wallet_freeze VALUES (:id, 'dispute', 'dp_1', 1)"), {"id": wallet_id})
        engine.dispose()
        done = command("wallet", "thaw", wallet_id, *data)
        assert (done.returncode, "dispute (dp_1)" in done.stdout) == (0, True), done.stderr
        assert demo.chat("demo-mini", user).json()["usage"]
        refused = command("wallet", "thaw", "wal_none", *data)
        assert refused.returncode == 1 and len(refused.stderr.strip().splitlines()) == 1
