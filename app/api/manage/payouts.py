"""GET /manage/operator/payouts/{chain}.csv: payouts that nobody has signed, for an operator who pays them by hand."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from app import db, wiring
from app.api.manage.managing import person_of
from app.api.v1.csv_lines import CSV, line
from app.domain import clock
from app.domain.errors import NotFound
from app.domain.money import format_decimal
from app.domain.operators.operators import find_operator
from app.domain.payouts import listing
from app.domain.payouts.rules import nanos_of
from app.domain.people.sessions import Person

router = APIRouter(prefix="/manage", include_in_schema=False)
PAYOUTS_MAX = 10_000
CHAIN_ID_MAX = 2**63 - 1
COLUMNS = ("payout", "paywall", "wallet", "status", "chain", "address", "amount", "unit", "requested")


@router.get("/operator/payouts/{chain_id}.csv")
async def get_payouts_csv(person: Annotated[Person, Depends(person_of)], chain_id: int) -> Response:
    """Writes each payout of a chain of which no signature exists, the oldest first. Raises NotFound for no id."""
    find_operator(person, wiring.get().settings.operators)
    if not 0 < chain_id <= CHAIN_ID_MAX:
        raise NotFound("There is no such chain.")
    found = await db.in_transaction(partial(listing.list_by_hand, chain_id=chain_id, count=PAYOUTS_MAX))
    lines = [
        line((one.id, one.paywall_id or "", one.wallet_id or "", one.status.value, str(chain_id), one.address,
              format_decimal(nanos_of(one.units)), "USDC", clock.to_iso(one.created_at)))
        for one in found
    ]  # fmt: skip
    headers = {"Content-Disposition": f'attachment; filename="payouts-{chain_id}.csv"', "Cache-Control": "no-store"}
    return Response(b"".join((line(COLUMNS), *lines)), media_type=CSV, headers=headers)
