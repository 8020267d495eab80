"""A paywall is archived, and taken out again: keys and links are refused meanwhile, and nothing is lost."""

from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import Archived
from app.domain.ledger.apply import apply_one
from app.domain.ledger.operations import BumpEpoch
from app.domain.paywalls.configuration import epoch_subject
from app.domain.paywalls.paywall import Paywall
from app.domain.paywalls.tables import PaywallRow


def set_archived(session: Session, paywall: Paywall, *, is_archived: bool) -> bool:
    """Archives a paywall, which must be locked, for the next charged request in every process, or undoes that.

    Tells whether that changed anything.
    """
    if paywall.is_archived == is_archived:
        return False
    session.get_one(PaywallRow, paywall.id).archived_at = clock.now() if is_archived else None
    session.flush()
    apply_one(session, BumpEpoch(epoch_subject(paywall.id)))
    return True


def check_open(paywall: Paywall, app_name: str) -> None:
    """Raises Archived for a paywall that takes neither requests nor money."""
    if paywall.is_archived:
        raise Archived(f"{app_name} is archived: it answers no requests and takes no money. Balances stay as they are.")
