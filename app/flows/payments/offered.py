"""At which accounts a wallet can be topped up by card, the first choice first.

A developer's own account takes the money of their apps' wallets; the operator's that of wallets which no developer
owns and, in the sandbox where no money is real, of all. The sandbox's own checkout is there for every sandbox wallet.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.inbox import access
from app.domain.inbox.connections import SANDBOX, Connection, may_fund, read_connection
from app.domain.ledger.accounts import Account
from app.flows.payments.received import STRIPE


def list_offered(session: Session, wallet: Account, paywall_id: str | None = None) -> Sequence[Connection]:
    """Returns the connections that take new payments for an opened wallet; `paywall_id` is whose link began it.

    Empty where none does. The first is what a page offers by itself.
    """
    whose = (paywall_id, None) if paywall_id is not None else (None,)
    found = [access.find_open(session, STRIPE, wallet.environment, one) for one in whose]
    reached = [one for one in found if one is not None and one.key_sealed is not None]
    return [one for one in (*reached, read_connection(session, SANDBOX)) if may_fund(session, one, wallet)]
