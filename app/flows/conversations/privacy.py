"""Whether anything of somebody's texts is kept: their own choice, which counts for answers that are running too."""

from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from app import db
from app.domain.conversations import conversations as rows
from app.domain.conversations import privacy

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Privacy:
    """What an account wants kept, and how many conversations it has. With `zero_retention` that is none."""

    zero_retention: bool
    conversations: int


async def read_privacy(account_id: str) -> Privacy:
    """Returns what an account wants kept."""
    return await db.in_transaction(lambda session: see_privacy(session, account_id))


def see_privacy(session: Session, account_id: str) -> Privacy:
    """Returns what an account wants kept, for whoever reads more beside."""
    return Privacy(privacy.keeps_nothing(session, account_id), rows.count(session, account_id))


async def set_zero_retention(account_id: str, *, is_on: bool) -> int:
    """Keeps nothing of an account's texts from now on, and deletes what there is; or keeps them again.

    Returns how many conversations were deleted.
    """
    gone = await db.in_transaction(
        lambda session: privacy.set_zero_retention(session, account_id, is_on=is_on), writes=True
    )
    log.info("privacy", account=account_id, step="zero_retention" if is_on else "retention", deleted=gone)
    return gone


async def delete_all(account_id: str) -> int:
    """Deletes every conversation of an account, and returns how many there were."""

    def write(session: Session) -> int:
        rows.take_account(session, account_id)
        return privacy.delete_all(session, account_id)

    gone = await db.in_transaction(write, writes=True)
    log.info("privacy", account=account_id, step="deleted", deleted=gone)
    return gone
