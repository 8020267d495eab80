"""At which accounts a wallet can be topped up by card, the first choice first.

A developer's own account takes the money of their apps' wallets; the operator's that of wallets which no developer
owns and, in the sandbox where no money is real, of apps whose developer has connected none. The sandbox's own checkout
is there for every sandbox wallet.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app import db
from app.domain.inbox import access
from app.domain.inbox.connections import SANDBOX, Connection, read_connection
from app.domain.money import Environment
from app.domain.paywalls.paywall import Paywall
from app.flows.payments.received import STRIPE
from app.ports.payments import PaymentRail, Rails


def list_offered(session: Session, paywall: Paywall) -> Sequence[Connection]:
    """Returns the connections that take new payments of a paywall's users; empty where none does.

    The first is what a page offers by itself. Whether one may have the money is asked again when a payment is begun.
    """
    has_app_wallets = paywall.rules.has_app_wallets
    own = _find(session, paywall.environment, paywall.id) if has_app_wallets else None
    if own is not None:
        return [own, *_sandbox_checkout(session, paywall.environment)]
    return _operators(session, paywall.environment, is_theirs=not has_app_wallets)


def list_own_offered(session: Session, environment: Environment) -> Sequence[Connection]:
    """Returns the connections that take new payments into people's own wallets."""
    return _operators(session, environment, is_theirs=True)


async def reach_offered(rails: Rails, connection_id: str) -> PaymentRail:
    """Returns the rail of a connection that was chosen. Raises NotFound, Unavailable."""
    return rails.reach(await db.in_transaction(lambda session: read_connection(session, connection_id)))


def _operators(session: Session, environment: Environment, *, is_theirs: bool) -> Sequence[Connection]:
    may_take = is_theirs or environment is Environment.SANDBOX
    found = _find(session, environment, None) if may_take else None
    return [*([found] if found is not None else []), *_sandbox_checkout(session, environment)]


def _find(session: Session, environment: Environment, paywall_id: str | None) -> Connection | None:
    """Returns an account that can be reached, the paywall's or the operator's."""
    found = access.find_open(session, STRIPE, environment, paywall_id)
    return None if found is None or found.key_sealed is None else found


def _sandbox_checkout(session: Session, environment: Environment) -> Sequence[Connection]:
    return [read_connection(session, SANDBOX)] if environment is Environment.SANDBOX else []
