"""Trial money for people, once in each environment: credits where they are offered, else USDC where a shared paywall
takes it (`decisions.md` 11)."""

from dataclasses import replace

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.ledger.accounts import Account
from app.domain.money import CREDITS_PER_DOLLAR, Environment, Unit
from app.domain.paywalls.modes import RULES, TRIAL_MODES, Mode
from app.domain.paywalls.paywall import credits_paywall_id
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.accounts import list_identities
from app.domain.wallets.shared import OWN_UNITS, open_shared_wallet
from app.domain.wallets.trial import Outcome, TrialRules, give_trial
from app.domain.wallets.wallets import open_user
from app.sql.columns import table_of

log = structlog.get_logger()


def give_trials(session: Session, rules: TrialRules, account_id: str, address: str) -> dict[Environment, Outcome]:
    """Opens the wallets of a person in every environment that has one to spend, and gives one of each its trial."""
    paywalls = table_of(PaywallRow)
    served = paywalls.c.mode.in_(TRIAL_MODES) & paywalls.c.archived_at.is_(None)
    used = select(paywalls.c.environment, paywalls.c.mode).where(served).distinct()
    units: dict[Environment, set[Unit]] = {}
    for environment, mode in session.execute(used):
        units.setdefault(Environment(environment), set()).add(RULES[Mode(mode)].unit)
    identities = [identity.id for identity in list_identities(session, account_id)]
    outcomes = {}
    for environment in sorted(units):
        wallet = _open(session, account_id, environment, units[environment])
        amount = rules.amount_nanos * (CREDITS_PER_DOLLAR if wallet.unit is Unit.CREDIT else 1)
        here = replace(rules, amount_nanos=amount)
        outcomes[environment] = give_trial(session, here, account_id, identities, wallet, address)
        if outcomes[environment] is Outcome.REFUSED:
            log.warning("trial_money", step="refused", account=account_id, environment=environment.value)
    return outcomes


def _open(session: Session, account_id: str, environment: Environment, units: set[Unit]) -> Account:
    """Opens a wallet for each of these units, and returns the one that trial money is for."""
    own = [unit for unit in OWN_UNITS if unit in units]
    wallets = [open_shared_wallet(session, account_id, environment, unit) for unit in own]
    if Unit.CREDIT in units:
        open_user(session, credits_paywall_id(environment), account_id)
    return wallets[-1]
