"""What a wallet's owner sees: the balance, read from the ledger's accounts."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.money import Environment, Unit
from app.domain.paywalls.configuration import read_current
from app.domain.wallets.wallets import app_wallet, read_balance


@dataclass(frozen=True, slots=True)
class WalletView:
    """One app wallet. `available_nanos` is what can be spent now, `held_nanos` what runs hold."""

    paywall_id: str
    app_name: str
    app_url: str
    user: str
    environment: Environment
    unit: Unit
    available_nanos: int
    held_nanos: int


def read_wallet(session: Session, paywall_id: str, user: str) -> WalletView:
    """Returns the wallet of an end user, empty for one who never paid. Raises NotFound for no such paywall."""
    paywall, configuration = read_current(session, paywall_id)
    environment, unit = paywall.environment, paywall.unit
    balance = read_balance(session, app_wallet(paywall_id, user, environment, unit))
    return WalletView(
        paywall_id=paywall_id,
        app_name=configuration.app_name,
        app_url=configuration.app_url,
        user=user,
        environment=environment,
        unit=unit,
        available_nanos=balance.available_nanos,
        held_nanos=balance.held_nanos,
    )
