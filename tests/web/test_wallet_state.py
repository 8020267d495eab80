"""What the wallet page remembers of addresses is of the wallet that it shows."""

from collections.abc import Mapping
from typing import Any

import pytest

from app import db
from app.domain.money import Environment
from app.domain.wallets.shared import open_shared_wallet
from app.web.components.deposit_rows import USDC, PlaceRow
from app.web.end_user.wallet.state import WalletState
from tests.support.managing import person
from tests.support.scripted_chain import ToyChain
from tests.support.toy_wallets import wired

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def read(wanted: str) -> Mapping[str, Any]:
    """Reads the page after somebody who looked at the sandbox's addresses asked for a wallet."""
    state = WalletState(_reflex_internal_init=True)  # type: ignore[call-arg]
    state.places, state.way, state._wanted = [PlaceRow(31_337, "Toy", "0xOfTheSandbox")], USDC, wanted
    ada = person("ada@example.org")
    with db.transaction() as session:
        for environment in Environment:
            open_shared_wallet(session, ada.account_id, environment)
    work = state._reader(ada)
    with wired(ToyChain()), db.transaction(writes=False) as session:
        return work(session)


def test_the_live_wallet_shows_no_address_of_the_sandboxs(database: str) -> None:
    """USDC that is sent there on a live chain would be credited to nobody."""
    values = read("live")
    assert values["page"].purse.environment == "live"
    assert values["places"] == [] and values["way"] != USDC


def test_the_addresses_of_the_wallet_that_is_shown_stay(database: str) -> None:
    values = read("sandbox")
    assert "places" not in values and values["way"] == USDC
