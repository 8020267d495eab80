"""Rules that flows are handed, made of what the operator chose."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from app.domain.money import CREDITS_PER_DOLLAR, NANOS, Environment
from app.domain.paywalls.members import Creators
from app.domain.topups.bounds import TopupBounds
from app.domain.topups.surcharge import Surcharge
from app.domain.wallets.trial import TrialRules
from app.flows.catalogue.follow import FollowRules
from app.flows.vault.vault import VaultRules
from app.settings import ANYONE, Settings

CENTS = 100
"""Cents in a dollar."""


def surcharge_of(chosen: Settings) -> Surcharge:
    """Returns what checkouts at the operator's own connections cost beside what they credit."""
    return Surcharge(chosen.topup_fee_basis_points, chosen.topup_fee_cents)


def bounds_of(chosen: Settings) -> TopupBounds:
    """Returns between which amounts people top up."""
    return TopupBounds(chosen.topup_cents_least, chosen.topup_cents_most)


def packs_of(chosen: Settings) -> Sequence[int]:
    """Returns the amounts in dollars at which credits are offered, the least first, as far as the bounds admit them."""
    named = {int(dollars) for dollars in chosen.credit_packs.split(",")}
    return [dollars for dollars in sorted(named) if bounds_of(chosen).admits(dollars * CENTS)]


def creators_of(chosen: Settings) -> Creators:
    """Returns who may create paywalls."""
    return Creators(chosen.developers == ANYONE, chosen.operators | chosen.developer_emails)


def credits_environment_of(chosen: Settings) -> Environment:
    """Returns whose credits are offered here: play money in the demo, else real."""
    return Environment.SANDBOX if chosen.is_demo else Environment.LIVE


def trial_rules_of(chosen: Settings) -> TrialRules:
    """Returns what people are given to try."""
    return TrialRules(chosen.trial_credits * NANOS // CREDITS_PER_DOLLAR, chosen.trials_of_address_max)


def follow_rules_of(chosen: Settings) -> FollowRules:
    """Returns how paywalls follow the catalogue's prices."""
    return FollowRules(urlsplit(chosen.openrouter_base).hostname or "", chosen.fee_basis_points)


def vault_rules_of(chosen: Settings) -> VaultRules:
    """Returns to which hosts people's own keys may go, and where their sign-ins are renewed."""
    return VaultRules(chosen.token_urls, may_be_plain=chosen.allow_private_addresses, has_demo=chosen.is_demo)
