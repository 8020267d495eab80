"""The table of modes: what differs by how an app's users pay stands here, and nothing else compares a mode."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.money import Unit
from app.domain.paywalls.messages import CREDITS_MESSAGES, DEFAULT_MESSAGES, SHARED_MESSAGES


class Mode(StrEnum):
    """How users pay; chosen when a paywall is made, and immutable (`decisions.md` 21)."""

    DEFAULT = "default"
    """Each end user has a wallet of this app's; what they pay is the developer's."""
    SHARED = "shared"
    """A person's one wallet pays all apps that they allowed to charge it; a charge is split."""
    CREDITS = "credits"
    """The operator's own: a person's credits pay for the operator's provider."""


@dataclass(frozen=True, slots=True)
class ModeRules:
    """What is true of every paywall of a mode.

    `unit` is what its wallets count. With `has_app_wallets` each end user has a wallet of the app's own; else the
    wallet is a person's, who signs in. With `needs_consent` a person first allows the app to charge it, up to a
    cap. `takes_deposits` lets the app itself put money in; `is_split` divides each charge between provider,
    platform and developer; `may_use_built_in` opens the operator's provider and key. One that `is_operators` is paid by
    people's own credits, and what a charge leaves of the provider's cost is the operator's. `words` are what the
    assistant says in our own name.
    """

    unit: Unit
    has_app_wallets: bool
    needs_consent: bool
    takes_deposits: bool
    is_split: bool
    may_use_built_in: bool
    is_operators: bool
    words: Mapping[str, str]


RULES: Mapping[Mode, ModeRules] = {
    Mode.DEFAULT: ModeRules(
        unit=Unit.USD,
        has_app_wallets=True,
        needs_consent=False,
        takes_deposits=True,
        is_split=False,
        may_use_built_in=False,
        is_operators=False,
        words=DEFAULT_MESSAGES,
    ),
    Mode.SHARED: ModeRules(
        unit=Unit.USDC,
        has_app_wallets=False,
        needs_consent=True,
        takes_deposits=False,
        is_split=True,
        may_use_built_in=True,
        is_operators=False,
        words={**DEFAULT_MESSAGES, **SHARED_MESSAGES},
    ),
    Mode.CREDITS: ModeRules(
        unit=Unit.CREDIT,
        has_app_wallets=False,
        needs_consent=False,
        takes_deposits=False,
        is_split=False,
        may_use_built_in=True,
        is_operators=True,
        words={**DEFAULT_MESSAGES, **CREDITS_MESSAGES},
    ),
}


TRIAL_MODES = tuple(mode for mode, rules in RULES.items() if rules.needs_consent or rules.is_operators)
"""The modes for whose sake a person is given trial money when they sign in: in the unit of the last that there is."""
