"""GET /manage/order.csv: what an order came to, as a file for its user, who is signed in and came by its link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from app import db, wiring
from app.api.manage.managing import person_of
from app.api.v1.orders import usage_csv
from app.domain.analytics.of_order import OrderUsage, read_order_usage
from app.domain.errors import NotFound
from app.domain.people.sessions import Person
from app.flows.orders.choose import OrderView, Whose, read_view

router = APIRouter(prefix="/manage", include_in_schema=False)
TOKEN_CHARACTERS_MAX = 4_000


@router.get("/order.csv")
async def get_order_csv(
    person: Annotated[Person, Depends(person_of)], token: Annotated[str, Query(max_length=TOKEN_CHARACTERS_MAX)]
) -> Response:
    """Writes the usage of the order that a link names. Raises LinkInvalid, NotFound for anybody but its user."""
    link = wiring.get().links.open_order(token)

    def read(session: db.Session) -> tuple[OrderView, OrderUsage]:
        view = read_view(session, link, person)
        if view.whose is not Whose.OWN:
            raise NotFound("There is no such order.")
        return view, read_order_usage(session, link.paywall_id, view.order.id)

    view, usage = await db.in_transaction(read)
    return usage_csv(view.order, usage, view.paywall.unit)
