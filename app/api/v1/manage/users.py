"""/v1/manage/paywalls/{id}/users, and refunds: who uses an app, and what its developer does for them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app import db, wiring
from app.api.common.listing import Cursor, PageSize, read_cursor, write_cursor
from app.api.v1.manage.caller import Click, ManageBody, Owner, only
from app.api.v1.webhooks import takes
from app.domain import clock
from app.domain.errors import BadField
from app.domain.money import CENT_NANOS, Unit, format_decimal, parse_amount
from app.domain.paywalls.configuration import read_current
from app.domain.paywalls.limit_overrides import read_overrides
from app.domain.refunds.tables import RefundStatus
from app.domain.wallets.bounds import Bounds, read_bounds
from app.domain.wallets.users import Barred, User, UserPage, find_user, list_users
from app.flows.disputes.give_back import refund_payment
from app.flows.paywalls.change import change
from app.flows.paywalls.users import Block
from app.flows.wallets.grant import Gift, grant
from app.flows.wallets.refund import refund_charge

router = APIRouter(prefix="/manage/paywalls/{paywall_id}", tags=["manage"])


class UserBody(BaseModel):
    """A user: `spendable` is what the app may charge now, `binding` what leaves the least, null where nothing does."""

    user: str
    standing: str
    spendable: str
    held: str
    unit: str
    binding: str | None
    first_seen_at: str


class UsersBody(BaseModel):
    """Users, the newest first; `next_cursor` is null behind the last. A search may end before its page is full."""

    object: str = "list"
    data: list[UserBody]
    has_more: bool
    next_cursor: str | None


class GrantBody(BaseModel):
    """`amount` is a decimal string of the unit, `reason` yours."""

    amount: str
    reason: str = ""


class GrantAnswer(BaseModel):
    id: str
    user: UserBody


class BlockBody(BaseModel):
    blocked: bool


class RefundBody(BaseModel):
    """Without `amount` all that is left goes back."""

    amount: str | None = None


class RefundAnswer(BaseModel):
    """`id` is the refund's: of a charge, its own request's."""

    id: str
    status: str


@router.get("/users", response_model=UsersBody)
async def get_users(
    owner: Owner,
    search: Annotated[str, Query(max_length=128, description="A part of the user's id, whatever its case.")] = "",
    state: Annotated[Barred, Query()] = Barred.ANY,
    limit: PageSize = 20,
    cursor: Cursor = None,
) -> UsersBody:
    """Lists the paywall's users, the newest first."""
    scope = ("manage-users", owner.paywall_id, search, state.value)
    position = read_cursor(cursor, *scope)
    before = None if position is None else (position[0], position[1])

    def read(session: db.Session) -> tuple[UserPage, list[UserBody]]:
        page = list_users(session, owner.paywall_id, search, state, before, limit)
        return page, _users(session, owner.paywall_id, page.users)

    page, users = await db.in_transaction(read)
    following = None if page.following is None else write_cursor(list(page.following), *scope)
    return UsersBody(data=users, has_more=following is not None, next_cursor=following)


@router.get("/users/{user}", response_model=UserBody)
async def get_user(owner: Owner, user: str) -> UserBody:
    """Returns a user by the app's own id."""
    return await _user(owner.paywall_id, user)


@router.post("/users/{user}/grant", response_model=GrantAnswer, openapi_extra=takes(GrantBody))
async def post_grant(owner: Owner, user: str, body: ManageBody, click: Click) -> GrantAnswer:
    """Gives a user money without payment; in shared mode out of the paywall's available earnings."""
    said = only(body, "amount", "reason")
    reason = said.get("reason", "")
    if not isinstance(reason, str):
        raise BadField("reason", "`reason` must be a string.")
    given = await grant(owner, Gift(user, parse_amount(said.get("amount")), reason), click)
    return GrantAnswer(id=given.id, user=await _user(owner.paywall_id, user))


@router.post("/users/{user}/block", response_model=UserBody, openapi_extra=takes(BlockBody))
async def post_block(owner: Owner, user: str, body: ManageBody) -> UserBody:
    """Blocks a user for their next charged request, or lets them in again."""
    blocked = only(body, "blocked").get("blocked")
    if not isinstance(blocked, bool):
        raise BadField("blocked", "`blocked` must be true or false.")
    await change(owner, wiring.get().parts.blocks, Block(user, blocked))
    return await _user(owner.paywall_id, user)


@router.post("/requests/{request_id}/refund", response_model=RefundAnswer, openapi_extra=takes(RefundBody))
async def post_refund_of_charge(owner: Owner, request_id: str, body: ManageBody, click: Click) -> RefundAnswer:
    """Gives a request's charge back to its user's wallet, whole or in part; the refund is a request of its own."""
    refund_id = await refund_charge(owner, request_id, click, _amount_of(body))
    return RefundAnswer(id=refund_id, status=RefundStatus.SUCCEEDED.value)


@router.post("/topups/{topup_id}/refund", response_model=RefundAnswer, openapi_extra=takes(RefundBody))
async def post_refund_of_payment(owner: Owner, topup_id: str, body: ManageBody, click: Click) -> RefundAnswer:
    """Gives a payment back to whoever paid it, whole or in part, from the developer's own account."""
    nanos = _amount_of(body)
    if nanos is not None and nanos % CENT_NANOS:
        raise BadField("amount", "A payment is given back in whole cents.")
    cents = None if nanos is None else nanos // CENT_NANOS
    given = await refund_payment(wiring.get().refunds, owner, topup_id, click, cents)
    return RefundAnswer(id=given.refund_id, status=given.status.value)


def _amount_of(body: dict[str, Any]) -> int | None:
    amount = only(body, "amount").get("amount")
    return None if amount is None else parse_amount(amount)


async def _user(paywall_id: str, user: str) -> UserBody:
    def read(session: db.Session) -> UserBody:
        return _users(session, paywall_id, [find_user(session, paywall_id, user)])[0]

    return await db.in_transaction(read)


def _users(session: db.Session, paywall_id: str, users: Any) -> list[UserBody]:
    paywall, configuration = read_current(session, paywall_id)
    names = [user.id for user in users]
    bounds = read_bounds(session, paywall, configuration, read_overrides(session, paywall.id), names)
    return [_body(user, bounds[user.id], paywall.unit) for user in users]


def _body(user: User, bounds: Bounds, unit: Unit) -> UserBody:
    return UserBody(
        user=user.id,
        standing=bounds.standing.value,
        spendable=format_decimal(bounds.spendable_nanos),
        held=format_decimal(bounds.held_nanos),
        unit=unit.value,
        binding=None if bounds.binding is None else bounds.binding.kind.value,
        first_seen_at=clock.to_iso(user.since),
    )
