"""/v1/orders: what an app files requests under, who pays for them, and what they came to."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app import db, wiring
from app.api.common.body import parse_json
from app.api.common.dependencies import Payer, named_user, path_user
from app.api.common.listing import Cursor, PageSize, SpanOfList, read_cursor, write_cursor
from app.api.v1.csv_lines import CSV, cell, line
from app.api.v1.ledger import wants_csv
from app.api.v1.user import IdempotencyKey, check_metadata
from app.api.v1.webhooks import takes
from app.domain import clock
from app.domain.analytics.of_order import By, OrderSum, OrderUsage, read_order_usage
from app.domain.errors import BadField
from app.domain.money import Unit, format_decimal
from app.domain.orders.orders import Order, OrderFilter, check_name, list_orders, read_order
from app.domain.plain_json import check_plain
from app.domain.usage.idempotency import claim
from app.flows.callers.snapshot import Snapshot
from app.flows.orders.make import check_source, make

router = APIRouter(tags=["orders"])
COLUMNS = ("order", "by", "name", "billing_source", "requests", "tokens", "charged", "unit")


class OrderBody(BaseModel):
    """An order. `billing_source` is `platform` or `byok`, or null until its user has chosen at `url`."""

    id: str
    object: str = "order"
    user: str
    name: str
    billing_source: str | None
    was_asked: bool
    may_fall_back: bool
    created_at: str
    chosen_at: str | None
    metadata: dict[str, Any] | None
    url: str | None = None


class SumBody(BaseModel):
    """What came to one name and billing source; `charge` is a decimal string of `unit`."""

    name: str
    billing_source: str
    requests: int
    tokens: int
    charge: str


class OrderUsageBody(BaseModel):
    """What an order came to: together, and by each session, agent and model, the dearest first."""

    unit: str
    totals: list[SumBody]
    by_session: list[SumBody]
    by_agent: list[SumBody]
    by_model: list[SumBody]


class UsedOrderBody(OrderBody):
    """An order with its usage."""

    usage: OrderUsageBody


class OrdersBody(BaseModel):
    """Orders, the newest first; `next_cursor` is null behind the last."""

    object: str = "list"
    data: list[OrderBody]
    has_more: bool
    next_cursor: str | None


class NewOrderBody(BaseModel):
    """`ask` leaves it to the user who pays: until they have chosen, requests of the order answer with the link."""

    user: str | None = None
    name: str
    billing_source: str = "platform"
    metadata: dict[str, Any] | None = Field(default=None)


@router.post("/orders", response_model=OrderBody, openapi_extra=takes(NewOrderBody))
async def post_order(
    request: Request, payer: Payer, response: Response, idempotency_key: IdempotencyKey = None
) -> OrderBody:
    """Makes an order for a user; requests name it in `X-Paywall-Order`. With an account's key the user is its own."""
    raw = await request.body()  # it came whole, and within its limits, before the request was handed on
    content = await parse_json(raw)
    if not isinstance(content, dict):
        raise BadField(None, "The body must be a JSON object.", "invalid_json")
    check_plain(content)
    user = payer.account_id or named_user(request, payer, content.get("user")).id
    name, billing = check_name(content.get("name")), check_source(payer, content.get("billing_source", "platform"))
    claimed = claim(idempotency_key, payer.paywall_id, "orders", user, raw)
    made = await make(payer, user, name, billing, check_metadata(content), claimed)
    if made.is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    return _body(payer, made.order)


def _own_or_named(request: Request, payer: Payer, user: str | None = None) -> str | None:
    """Returns the one user whose orders are meant: with an account's key that account; None for all of an app's."""
    if payer.account_id is not None:
        return payer.account_id
    named = (user, request.headers.get("x-paywall-user"), path_user(request))
    return named_user(request, payer, user).id if any(value is not None for value in named) else None


Whose = Annotated[str | None, Depends(_own_or_named)]


@router.get("/orders", response_model=OrdersBody)
async def get_orders(
    payer: Payer, user: Whose, span: SpanOfList, limit: PageSize = 20, cursor: Cursor = None
) -> OrdersBody:
    """Lists this paywall's orders, the newest first; with an account's key its own."""
    scope = ("orders", payer.paywall_id, user, span.since, span.until)
    position = read_cursor(cursor, *scope)
    before = None if position is None else str(position[0])
    wanted = OrderFilter(user, span.since, span.until)
    found = await db.in_transaction(
        lambda session: list_orders(session, payer.paywall_id, wanted, before, limit + 1)
    )  # fmt: skip
    has_more, page = len(found) > limit, found[:limit]
    following = write_cursor([page[-1].id], *scope) if has_more else None
    return OrdersBody(data=[_body(payer, order) for order in page], has_more=has_more, next_cursor=following)


@router.get(
    "/orders/{order_id}",
    response_model=UsedOrderBody,
    responses={200: {"description": "The order, or with `Accept: text/csv` its usage.",
                     "content": {CSV: {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def get_order(
    payer: Payer,
    user: Whose,
    order_id: str,
    accept: Annotated[str, Header(description="`text/csv` for the usage as a file.")] = "",
) -> UsedOrderBody | Response:
    """Returns an order and what it came to; 404 for another paywall's, and for another account's."""

    def read(session: db.Session) -> tuple[Order, OrderUsage]:
        found = read_order(session, payer.paywall_id, order_id, user)
        return found, read_order_usage(session, payer.paywall_id, found.id)

    order, usage = await db.in_transaction(read)
    if wants_csv(accept):
        return usage_csv(order, usage, payer.unit)
    tables = {f"by_{by}": [_sum(one) for one in usage.tables[by]] for by in By}
    said = OrderUsageBody(unit=payer.unit.value, totals=[_sum(one) for one in usage.totals], **tables)
    return UsedOrderBody(**_body(payer, order).model_dump(), usage=said)


def usage_csv(order: Order, usage: OrderUsage, unit: Unit) -> Response:
    """Returns what an order came to as a file, in which nothing is taken for a formula."""
    body = b"".join([line(COLUMNS), *_lines(order, usage, unit)])
    headers = {"Content-Disposition": f'attachment; filename="{order.id}.csv"', "Cache-Control": "no-store"}
    return Response(body, media_type=CSV, headers=headers)


def _lines(order: Order, usage: OrderUsage, unit: Unit) -> Iterator[bytes]:
    tables: Sequence[tuple[str, Sequence[OrderSum]]] = [("all", usage.totals), *usage.tables.items()]
    for by, sums in tables:
        for one in sums:
            numbers = [cell(value, is_number=True) for value in (one.requests, one.tokens, format_decimal(one.charged))]
            yield line([order.id, str(by), cell(one.name), one.source, *numbers, unit.value])


def _sum(one: OrderSum) -> SumBody:
    return SumBody(name=one.name, billing_source=one.source, requests=one.requests, tokens=one.tokens,
                   charge=format_decimal(one.charged))  # fmt: skip


def _body(payer: Snapshot, order: Order) -> OrderBody:
    url = None if order.billing is not None else wiring.get().links.order_url(payer, order.user, order.id)
    return OrderBody(
        id=order.id,
        user=order.user,
        name=order.name,
        billing_source=order.billing,
        was_asked=order.was_asked,
        may_fall_back=order.may_fall_back,
        created_at=clock.to_iso(order.created_at),
        chosen_at=None if order.chosen_at is None else clock.to_iso(order.chosen_at),
        metadata=None if order.details is None else dict(order.details),
        url=url,
    )
