"""A paywall as it is read: what was chosen when it was made, in the words of the domain and not of the table."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import RULES, Mode, ModeRules
from app.domain.paywalls.tables import PaywallRow


@dataclass(frozen=True, slots=True)
class Paywall:
    """One app. Mode, environment and unit never change; `version` is the number of the published configuration.

    One that is archived takes no requests, no consent and no money in, until that is undone.
    """

    id: str
    mode: Mode
    environment: Environment
    unit: Unit
    version: int
    is_archived: bool = False

    @property
    def rules(self) -> ModeRules:
        """What is true of every paywall of its mode."""
        return RULES[self.mode]


def to_paywall(row: PaywallRow) -> Paywall:
    """Returns a stored paywall."""
    return Paywall(row.id, Mode(row.mode), Environment(row.environment), Unit(row.unit), row.version,
                   row.archived_at is not None)  # fmt: skip


def credits_paywall_id(environment: Environment) -> str:
    """Returns the id of the operator's own paywall, for credits of an environment."""
    return f"pw_credits_{environment.value}"


def find_credits(session: Session, environment: Environment) -> Paywall | None:
    """Returns the paywall that people's credits pay in an environment; None where there is none."""
    row = session.get(PaywallRow, credits_paywall_id(environment))
    return None if row is None else to_paywall(row)


def lock_paywall(session: Session, paywall_id: str) -> Paywall:
    """Returns a paywall as it is now, and lets nobody else change it until the transaction ends. Raises NotFound.

    Rows that name it can be added meanwhile: a long change keeps no new user from a wallet.
    """
    row = session.get(PaywallRow, paywall_id, with_for_update={"key_share": True}, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no paywall {paywall_id}.")
    return to_paywall(row)
