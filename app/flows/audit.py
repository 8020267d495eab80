"""The audit: everything that must hold of money, checked on one snapshot while others go on."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from app.domain.ledger import invariants
from app.domain.ledger.invariants import Finding
from app.domain.usage import audit as usage_audit


def audit(session: Session, progress: Callable[[str, float], None] | None = None) -> Iterator[Finding]:
    """Yields each broken row, in constant memory; nothing if the books balance.

    `session` must show one snapshot: `db.transaction(writes=False)`. `progress` is called with the name of
    a check and how much of it is done, 0 to 1.
    """
    tell = progress or _tell_nobody
    yield from invariants.check_all(session, tell)
    yield from usage_audit.check_all(session, tell)


def _tell_nobody(_check: str, _share: float) -> None:
    return
