"""POST /api/v1/credits/purchase and /confirm-checkout: a checkout where credits are paid, and what became of it."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from app import db, wiring
from app.api.account.fields import named
from app.api.account.owner import Own, OwnBody
from app.api.common.links import base_url
from app.domain.errors import BadField, Refused
from app.domain.money import CREDITS_PER_DOLLAR, NANOS
from app.domain.topups.bounds import check_amount
from app.domain.topups.tables import TopupStatus
from app.domain.wallets.shared import read_shared_balance
from app.flows.payments.checkout import Wanted, begin_own_checkout, look_again, read_own_topup
from app.flows.payments.offered import list_own_offered, reach_offered
from app.wiring.rules import bounds_of, packs_of, surcharge_of

router = APIRouter(prefix="/api/v1/credits", tags=["account"])
CENTS = 100
_STATUSES = {TopupStatus.CREATED: "pending", TopupStatus.PAID: "paid", TopupStatus.EXPIRED: "expired"}


@router.post("/purchase")
async def post_purchase(own: Own, body: OwnBody) -> dict[str, Any]:
    """Begins a top-up of a pack or an amount, and returns the checkout where a person pays it.

    What else a body says of where the buyer came from is not kept.
    """
    wired, environment = wiring.get(), own.snapshot.environment
    amount = _amount(body)
    wanted = Wanted(amount, surcharge_of(wired.settings), bounds_of(wired.settings), None, own.address,
                    own.snapshot.unit)  # fmt: skip
    ways = await db.in_transaction(partial(list_own_offered, environment=environment))
    if not ways:
        raise Refused("Card payments are not open here yet.")
    rail = await reach_offered(wired.rails, ways[0].id)
    with named(amount="amount_usd"):
        begun = await begin_own_checkout(rail, own.person, environment, wanted)
        cents = check_amount(amount, wanted.bounds)
    return {
        "checkout_url": base_url() + begun.url if begun.url.startswith("/") else begun.url,
        "session_id": begun.id,
        "amount_usd": cents / CENTS,
        "credits": cents * CREDITS_PER_DOLLAR // CENTS,
    }


@router.post("/confirm-checkout")
async def post_confirm(own: Own, body: OwnBody) -> dict[str, Any]:
    """Asks the rail whether a checkout was paid, which credits it if so, and returns what is known of it."""
    topup_id = body.get("session_id")
    if not isinstance(topup_id, str) or not topup_id:
        raise BadField("session_id", "`session_id` must be the one that the purchase was answered with.")
    read = partial(read_own_topup, person=own.person, environment=own.snapshot.environment, topup_id=topup_id,
                   unit=own.snapshot.unit)  # fmt: skip
    await db.in_transaction(read)
    await look_again(wiring.get().payment_door, topup_id)
    found = await db.in_transaction(read)
    balance = await db.in_transaction(lambda session: read_shared_balance(session, own.account))
    return {
        "session_id": topup_id,
        "status": _STATUSES[found.status],
        "credits": found.credited_nanos // NANOS,
        "balance": balance.available_nanos // NANOS,
    }


def _amount(body: dict[str, Any]) -> str:
    """Returns the dollars that are wanted, as people write them. Raises BadField."""
    amount, pack_id = body.get("amount_usd"), body.get("pack_id")
    if (amount is None) == (pack_id is None):
        raise BadField("amount_usd", "Give `amount_usd`, or the `pack_id` of one of the packs.")
    if pack_id is not None:
        packs = {pack_name(dollars): str(dollars) for dollars in packs_of(wiring.get().settings)}
        if not isinstance(pack_id, str) or pack_id not in packs:
            raise BadField("pack_id", f"`pack_id` must be one of {', '.join(packs)}.")
        return packs[pack_id]
    if isinstance(amount, bool) or not isinstance(amount, (int, float, str)):
        raise BadField("amount_usd", "`amount_usd` must be a number of dollars.")
    return str(amount)


def pack_name(dollars: int) -> str:
    """Returns what a pack of so many dollars is called."""
    return f"usd_{dollars}"
