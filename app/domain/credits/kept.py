"""Whether anything that was ever paid into a wallet has stayed there: what opens priced models to credits.

A top-up that refunds and disputes took back whole has opened nothing (`decisions.md` 21).
"""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.domain.disputes.tables import Takeback
from app.domain.topups.tables import Topup, TopupStatus
from app.sql.columns import table_of

_TOPUPS, _TAKEBACKS = table_of(Topup), table_of(Takeback)


def has_paid(session: Session, wallet_id: str) -> bool:
    """Tells whether a top-up of a wallet was paid and not taken back in full."""
    taken = func.coalesce(func.sum(_TAKEBACKS.c.refunds_nanos + _TAKEBACKS.c.disputes_nanos), 0)
    back = select(taken).where(_TAKEBACKS.c.topup_id == _TOPUPS.c.id).scalar_subquery()
    paid = exists().where(
        _TOPUPS.c.wallet_id == wallet_id, _TOPUPS.c.status == TopupStatus.PAID, _TOPUPS.c.credited_nanos > back
    )
    return bool(session.scalar(select(paid)))
