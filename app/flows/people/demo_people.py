"""The people of the demo: an end user, a developer who owns its paywalls, an operator; and links that sign them in.

A link is good once, and only in the process that made it: each start has new ones. No served instance makes any.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.orm import Session

from app import db
from app.domain.errors import LinkInvalid
from app.domain.money import Environment
from app.domain.paywalls.members import command_manager
from app.domain.people.account_keys import keep_account_key
from app.domain.people.accounts import email_identity, enter
from app.domain.wallets.trial import TrialRules
from app.flows.paywalls.owners import give_paywall
from app.flows.people.sign_in import SignInRules, Visit, enter_proven
from app.flows.wallets.trial import give_trials

END_USER, DEVELOPER, OPERATOR = "user@demo.example", "developer@demo.example", "operator@demo.example"
HERE = "demo"
"""The network of somebody who did not come by one."""


@dataclass(frozen=True, slots=True)
class DemoLinks:
    """Which links of this process were not used yet: whom each signs in, by the hash of its token."""

    _open: dict[str, str] = field(default_factory=dict)

    def mint(self, email: str) -> str:
        """Returns the token of a new link for an address."""
        token = secrets.token_urlsafe(32)
        self._open[_hash(token)] = email
        return token

    def use(self, token: str) -> str:
        """Returns whose link it is, once. Raises LinkInvalid for any other."""
        email = self._open.pop(_hash(token), None)
        if email is None:
            raise LinkInvalid("This link has been used, or is from an earlier start of the demo.")
        return email


async def make_people(operators: frozenset[str], paywall_ids: tuple[str, ...], trial: TrialRules, secret: bytes) -> str:
    """Makes the demo's accounts, where they are not yet, and gives its paywalls to its developer.

    Returns the end user's own key, which pays with the credits that everybody begins with.
    """
    for email in people(operators).values():
        await db.in_transaction(partial(enter, identities=(email_identity(email),)), writes=True)
    for paywall_id in paywall_ids:
        manager = await db.in_transaction(partial(command_manager, paywall_id=paywall_id))
        await give_paywall(manager, DEVELOPER)

    def keep(session: Session) -> str:
        account_id, _ = enter(session, (email_identity(END_USER),))
        give_trials(session, trial, account_id, HERE)
        return keep_account_key(session, account_id, Environment.SANDBOX, secret)

    return await db.in_transaction(keep, writes=True)


def people(operators: frozenset[str]) -> Mapping[str, str]:
    """Returns the demo's people: their addresses by what they are."""
    return {"end_user": END_USER, "developer": DEVELOPER, "operator": min(operators, default=OPERATOR)}


async def enter_by_link(rules: SignInRules, links: DemoLinks, token: str, visit: Visit) -> str:
    """Uses a link, and returns the value of the session's cookie. Raises LinkInvalid."""
    return await enter_proven(rules, links.use(token), "demo", visit)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
