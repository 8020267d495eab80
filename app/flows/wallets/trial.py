"""Trial money for people: in each environment that has a shared paywall, once (`decisions.md` 11)."""

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.money import Environment
from app.domain.paywalls.modes import TRIAL_MODES
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.accounts import list_identities
from app.domain.wallets.shared import open_shared_wallet
from app.domain.wallets.trial import Outcome, TrialRules, give_trial
from app.sql.columns import table_of

log = structlog.get_logger()


def give_trials(session: Session, rules: TrialRules, account_id: str, address: str) -> dict[Environment, Outcome]:
    """Opens the person's shared wallet in every environment that has one to spend, and gives each its trial."""
    paywalls = table_of(PaywallRow)
    used = session.scalars(select(paywalls.c.environment).where(paywalls.c.mode.in_(TRIAL_MODES)).distinct())
    identities = [identity.id for identity in list_identities(session, account_id)]
    outcomes = {}
    for environment in sorted(Environment(name) for name in used.all()):
        wallet = open_shared_wallet(session, account_id, environment)
        outcomes[environment] = give_trial(session, rules, account_id, identities, wallet, address)
        if outcomes[environment] is Outcome.REFUSED:
            log.warning("trial_money", step="refused", account=account_id, environment=environment.value)
    return outcomes
