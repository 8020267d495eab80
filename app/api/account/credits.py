"""GET /api/v1/credits/…: what an account has, what became of it, and what can be added. Credits are whole numbers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import db, wiring
from app.api.account.owner import Own
from app.api.account.paying.purchase import pack_name
from app.api.common.listing import EndOfList
from app.domain import clock
from app.domain.credits.history import Entry, read_history
from app.domain.credits.kept import has_paid
from app.domain.money import CREDITS_PER_DOLLAR, NANOS
from app.domain.wallets.shared import read_shared_balance
from app.wiring.rules import packs_of

router = APIRouter(prefix="/api/v1/credits", tags=["account"])
TRANSACTIONS_MAX, OFFSET_MAX = 100, 10_000


@router.get("/wallet")
async def get_wallet(own: Own) -> dict[str, Any]:
    """Returns the account's wallet; `held` is set aside for running answers, `free` what was given and is left."""
    account = own.account

    def read(session: db.Session) -> dict[str, Any]:
        found = read_shared_balance(session, account)
        return {
            "balance": found.posted_nanos // NANOS,
            "held": found.held_nanos // NANOS,
            "spendable": found.available_nanos // NANOS,
            "free": found.trial_nanos // NANOS,
            "free_models_only": not has_paid(session, account.owner),
            "unit": account.unit.value,
            "environment": account.environment.value,
        }

    return await db.in_transaction(read)


@router.get("/balance")
async def get_balance(own: Own) -> dict[str, Any]:
    """Returns how many credits can be spent now."""
    account = own.account
    found = await db.in_transaction(lambda session: read_shared_balance(session, account))
    return {"balance": found.available_nanos // NANOS, "unit": account.unit.value}


@router.get("/transactions")
async def list_transactions(
    own: Own,
    until: EndOfList,
    limit: Annotated[int, Query(ge=1, le=TRANSACTIONS_MAX)] = 50,
    offset: Annotated[int, Query(ge=0, le=OFFSET_MAX)] = 0,
) -> list[dict[str, Any]]:
    """Lists the history, the newest first: what each request reserved, then what it differed from that.

    Whoever pages through it says the same past time in `to` on each page, so that what comes in meanwhile shifts none.
    """
    account = own.account
    found = await db.in_transaction(lambda session: read_history(session, account, limit, offset, until))
    return [_line(entry) for entry in found]


@router.get("/packs")
async def list_packs(own: Own) -> list[dict[str, Any]]:
    """Lists the packs that are offered; any other amount within the bounds of a top-up is as good."""
    return [
        {"id": pack_name(dollars), "amount_usd": dollars, "credits": dollars * CREDITS_PER_DOLLAR, "bonus_credits": 0}
        for dollars in packs_of(wiring.get().settings)
    ]


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "type": entry.kind,
        "amount": entry.nanos // NANOS,
        "model": entry.model,
        "request_id": entry.id.partition(":")[0] if entry.movement is None else None,
        "created_at": clock.to_iso(entry.at),
    }
