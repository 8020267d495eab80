"""What every page of a paywall shows of it: name, mode, environment, and which others its visitor looks after."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.db import Session
from app.domain.icons.icons import icon_path, icon_paths
from app.domain.money import Environment
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.members import Act, Manager, Role
from app.domain.paywalls.names import list_owned
from app.domain.paywalls.paywall import Paywall
from app.domain.people.sessions import Person
from app.web.frame.format import initials

CHOICES_MAX = 50
"""How many paywalls the switcher lists, the newest."""


@dataclass(frozen=True)
class PaywallChoice:
    """Another paywall to go to."""

    id: str = ""
    name: str = ""
    initials: str = ""
    icon: str = ""
    kind: str = ""
    is_sandbox: bool = False


@dataclass(frozen=True)
class PaywallHead:
    """The paywall of a page as its visitor may know it. `role` is what they are to it, in words.

    `version` is the one that was shown, which is what a change is made on; `may_set_up` says whether forms are offered,
    and nothing more: what is changed asks again.
    """

    id: str = ""
    name: str = ""
    initials: str = ""
    icon: str = ""
    mode: str = ""
    kind: str = ""
    unit: str = ""
    environment: str = ""
    is_sandbox: bool = False
    is_archived: bool = False
    version: int = 0
    role: str = ""
    may_set_up: bool = False
    choices: list[PaywallChoice] = field(default_factory=list)


def read_head(session: Session, person: Person, manager: Manager, operators: frozenset[str]) -> PaywallHead:
    """Reads what stands in the frame of a paywall's pages."""
    paywall, configuration = read_current(session, manager.paywall_id)
    return PaywallHead(
        id=paywall.id,
        name=configuration.app_name,
        initials=initials(configuration.app_name),
        icon=icon_path(session, paywall.id),
        mode=paywall.mode.value,
        kind=kind_of(paywall),
        unit=paywall.unit.value,
        environment=paywall.environment.value,
        is_sandbox=paywall.environment is Environment.SANDBOX,
        is_archived=paywall.is_archived,
        version=paywall.version,
        role="" if Role.OWNER in manager.roles else "You are looking on as an operator.",
        may_set_up=manager.may(Act.SET_UP),
        choices=[*_choices(session, person, operators)],
    )


def kind_of(paywall: Paywall) -> str:
    """Says which mode and environment a paywall has: `Shared · live`."""
    return f"{paywall.mode.value.capitalize()} · {paywall.environment.value}"


def _choices(session: Session, person: Person, operators: frozenset[str]) -> Sequence[PaywallChoice]:
    owned = list_owned(session, person, operators, CHOICES_MAX)
    icons = icon_paths(session, [one.paywall.id for one in owned])
    choices = (
        PaywallChoice(one.paywall.id, one.app_name, initials(one.app_name), icons.get(one.paywall.id, ""),
                      kind_of(one.paywall), one.paywall.environment is Environment.SANDBOX)
        for one in owned
    )  # fmt: skip
    return sorted(choices, key=lambda choice: (choice.name.lower(), choice.id))
