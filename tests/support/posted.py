"""What the ledger says that it did with a charge, for tests that write a request's row without a ledger."""

from app.domain.earnings.charge_split import charge_split
from app.domain.ledger.operations import Applied, Collected
from app.domain.pricing.split import SplitTerms
from app.domain.wallets.wallets import UserWallet


def charged(wallet: UserWallet, amount: int, late: int | None = None, terms: SplitTerms | None = None) -> Applied:
    """Returns the answer to a charge that came to so much in all, `late` of it now, from the wallet alone."""
    now = amount if late is None else late
    collected = Collected(0, now, amount, amount - now)
    posted = charge_split(wallet.account, wallet.paywall_id, terms)(collected)
    return Applied(amount=amount, late=late, transfers=posted)
