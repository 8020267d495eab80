"""A stored paywall as the domain sees it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from app import db, settings
from app.domain.errors import NotFound
from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.modes import RULES, Mode
from app.domain.paywalls.paywall import Paywall, lock_paywall, to_paywall
from app.domain.paywalls.tables import PaywallRow
from app.domain.wallets.wallets import app_wallet, open_wallet
from tests.support.books import editing, make_paywall


@pytest.mark.parametrize("mode", Mode)
def test_what_is_stored_as_text_is_read_as_what_it_means(mode: Mode) -> None:
    row = PaywallRow(id="pw_1", mode=mode.value, environment="live", unit="USDC", version=3, created_at=1)
    read = to_paywall(row)
    assert read == Paywall("pw_1", mode, Environment.LIVE, Unit.USDC, 3)
    assert read.rules is RULES[mode]


def test_a_word_that_nobody_knows_is_no_paywall() -> None:
    row = PaywallRow(id="pw_1", mode="barter", environment="live", unit="USDC", version=3, created_at=1)
    with pytest.raises(ValueError, match="barter"):
        to_paywall(row)


@pytest.mark.postgres
def test_what_is_locked_is_read_anew_and_keeps_nobody_from_adding_to_it(
    migrated_postgres_url: str, data_dir: Path
) -> None:
    """SQLite lets one write at a time, whatever it is."""
    settings.configure(data=data_dir, database_url=migrated_postgres_url)
    with db.transaction() as session:
        paywall_id = make_paywall(session, {})
    with db.transaction() as reading:
        read_current(reading, paywall_id)
        with db.transaction() as session, editing(session, paywall_id) as edition:
            edition.configuration = replace(edition.configuration, app_name="Renamed")
            with ThreadPoolExecutor(1) as other:
                other.submit(_open_wallet, paywall_id).result(10)
        assert lock_paywall(reading, paywall_id).version == 2
    db.dispose()


def _open_wallet(paywall_id: str) -> None:
    with db.transaction() as session:
        open_wallet(session, app_wallet(paywall_id, "ada", Environment.SANDBOX, Unit.USD))


def test_a_paywall_that_does_not_exist_is_not_locked(database: str) -> None:
    with db.transaction() as session, pytest.raises(NotFound):
        lock_paywall(session, "pw_none")
