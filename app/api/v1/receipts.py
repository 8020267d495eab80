"""GET /v1/requests and /v1/requests/{id}: receipts, one by one or as a list."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app import db
from app.api.common.dependencies import Caller, Payer
from app.api.common.listing import Cursor, PageSize, SpanOfList, UserOfList, check_word, read_cursor, write_cursor
from app.domain.pricing.receipts import Receipt
from app.domain.usage.request_list import STATUSES, RequestFilter, list_receipts
from app.domain.usage.requests import check_label, read_receipt

router = APIRouter(tags=["requests"])


class RequestPage(BaseModel):
    """Receipts, the newest request first; `next_cursor` is null behind the last."""

    object: str = "list"
    data: list[Receipt]
    has_more: bool
    next_cursor: str | None


@router.get("/requests", response_model=RequestPage)
async def list_requests(
    caller: Caller,
    user: UserOfList,
    span: SpanOfList,
    model: Annotated[str | None, Query()] = None,
    status: Annotated[str | None, Query(description=", ".join(STATUSES))] = None,
    key: Annotated[str | None, Query(description="The `key_id` of receipts.")] = None,
    session: Annotated[str | None, Query(description="What `X-Paywall-Session` said.")] = None,
    agent: Annotated[str | None, Query(description="What `X-Paywall-Agent` said.")] = None,
    order: Annotated[str | None, Query(description="An order's id.")] = None,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> RequestPage:
    """Lists this paywall's requests, the newest first, each as its receipt."""
    wanted = RequestFilter(user=user, model=check_word(model, "model"), status=check_word(status, "status", STATUSES),
                           since=span.since, until=span.until, key_id=check_word(key, "key"),
                           session=check_label(session, "session"), agent=check_label(agent, "agent"),
                           order_id=check_label(order, "order"))  # fmt: skip
    # Filters that came later stand in a cursor only where they are used: those from before stay good.
    later = [
        (name, value)
        for name, value in (("key", key), ("session", session), ("agent", agent), ("order", order))
        if value
    ]
    scope = ("requests", caller.paywall_id, user, model, status, span.since, span.until, *later)
    position = read_cursor(cursor, *scope)
    before = None if position is None else str(position[0])
    found = await db.in_transaction(
        lambda session: list_receipts(session, caller.paywall_id, wanted, before, limit + 1)
    )
    has_more, page = len(found) > limit, found[:limit]
    following = write_cursor([page[-1].id], *scope) if has_more else None
    return RequestPage(data=page, has_more=has_more, next_cursor=following)


@router.get("/requests/{request_id}", response_model=Receipt)
async def get_receipt(caller: Payer, request_id: str) -> Receipt:
    """Explains one charge to the last digit; 404 for another paywall's, and for another account's."""
    own = caller.account_id
    found = await db.in_transaction(lambda session: read_receipt(session, caller.paywall_id, request_id, own))
    return found if own is None else replace(found, split=None, provider_cost=None)
