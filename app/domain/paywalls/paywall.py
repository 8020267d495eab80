"""A paywall as it is read: what was chosen when it was made, in the words of the domain and not of the table."""

from dataclasses import dataclass

from app.domain.money import Environment, Unit
from app.domain.paywalls.modes import RULES, Mode, ModeRules
from app.domain.paywalls.tables import PaywallRow


@dataclass(frozen=True, slots=True)
class Paywall:
    """One app. Mode, environment and unit never change; `version` is the number of the published configuration."""

    id: str
    mode: Mode
    environment: Environment
    unit: Unit
    version: int

    @property
    def rules(self) -> ModeRules:
        """What is true of every paywall of its mode."""
        return RULES[self.mode]


def to_paywall(row: PaywallRow) -> Paywall:
    """Returns a stored paywall."""
    return Paywall(row.id, Mode(row.mode), Environment(row.environment), Unit(row.unit), row.version)
