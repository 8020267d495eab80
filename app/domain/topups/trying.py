"""How often cards may be tried: whoever tests stolen ones needs many pages, and gets many declines.

Counted are open checkouts of a wallet, and declines of a wallet and of a network, however the cards were tried.
"""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.domain import clock
from app.domain.errors import LimitReached
from app.domain.topups.tables import Topup, TopupKind, TopupStatus
from app.domain.wallets.tables import SharedWallet, Wallet
from app.sql.columns import table_of

OPEN_CHECKOUTS_MAX = 5
"""How many checkouts of one wallet may be open."""
DECLINES_MAX, DECLINES_SECONDS = 10, 3_600
"""How many declines of a wallet's top-ups, or of a network's, in which time are the last that are waited for."""


def check_trying(session: Session, wallet_id: str, network: str | None) -> None:
    """Raises LimitReached where more is begun for a wallet than somebody needs who has a card of their own.

    The wallet stays locked until the transaction ends, so that of many who begin at once each counts the others.
    """
    for kind in (Wallet, SharedWallet):
        session.get(kind, wallet_id, with_for_update=True, populate_existing=True)
    table = table_of(Topup)
    # One whose page is being made counts as well; one whose page could not be made has ended.
    is_open = (table.c.status == TopupStatus.CREATED, table.c.kind == TopupKind.CHECKOUT,
               table.c.expires_at > clock.now())  # fmt: skip
    its = table.c.wallet_id == wallet_id
    if (session.scalar(select(func.count()).where(its, *is_open)) or 0) >= OPEN_CHECKOUTS_MAX:
        raise LimitReached(
            f"{OPEN_CHECKOUTS_MAX} payments were begun and not finished. Finish one of them, or try again in half an"
            " hour.", "too_many_checkouts", None,
        )  # fmt: skip
    check_declines(session, wallet_id, network)


def check_declines(session: Session, wallet_id: str, network: str | None) -> None:
    """Raises LimitReached for a wallet whose cards were declined too often within an hour, and for a network."""
    table = table_of(Topup)
    holders: list[ColumnElement[bool]] = [table.c.wallet_id == wallet_id]
    if network:
        holders.append(table.c.network == network)
    lately = clock.now() - DECLINES_SECONDS * clock.SECOND
    for whose in holders:
        declined = select(func.sum(table.c.declines)).where(whose, table.c.declined_at > lately)
        if (session.scalar(declined) or 0) >= DECLINES_MAX:
            raise LimitReached(
                "Too many cards were declined. Try again in an hour.", "too_many_declines", DECLINES_SECONDS
            )


def note_decline(session: Session, topup: Topup) -> None:
    """Notes that a card was declined for a locked top-up; where somebody pays on a page, another may still pay."""
    topup.declines, topup.declined_at = topup.declines + 1, clock.now()
    session.flush()
