"""An end user's wallet, as their app may see and move it: balance, top-up link, deposit, charge."""

from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from app import db, wiring
from app.api.common.caller import renew
from app.api.common.dependencies import Caller, LabelsOfCall, PostBody, UserOfGet
from app.domain.errors import BadField
from app.domain.money import CENT_NANOS, format_base_units, format_decimal, format_for_people, parse_amount
from app.domain.topups.bounds import check_amount
from app.domain.usage.idempotency import claim
from app.flows.callers.anew import decided
from app.flows.callers.asked import Action, Ask
from app.flows.callers.balance import read_app_balance
from app.flows.callers.snapshot import Snapshot
from app.flows.wallets.charge import ChargeAnswer, ask_text
from app.flows.wallets.deposit import deposit
from app.wiring.rules import bounds_of

router = APIRouter(tags=["user"])

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key")]

METADATA_KEYS_MAX = 50
METADATA_BYTES_MAX = 16_384
"""What an app gives along is written into receipts, events and lists, each as often as it is read."""


class BalanceAnswer(BaseModel):
    """`balance` in whole 10⁻⁶ units, rounded down; `held` and `spendable` in decimals of the unit."""

    balance: str
    balanceFormatted: str
    unit: str
    held: str
    spendable: str


class LinkAnswer(BaseModel):
    """Where to send the user."""

    url: str


class DepositBody(BaseModel):
    """`amount` is a decimal string or an integer of the wallet's unit."""

    user: str | None = None
    amount: str | int
    metadata: dict[str, Any] | None = None


class DepositAnswerBody(BaseModel):
    id: str
    balanceFormatted: str


class ChargeAnswerBody(BaseModel):
    """`message` can be shown to the user as it is; `id` is the receipt's.

    A charge that the user can make possible says by what, and where: both stand in the message too.
    """

    success: bool
    message: str
    id: str | None
    action: Action | None = None
    url: str | None = None


BODY_SCHEMA = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": DepositBody.model_json_schema()}}}
}


@router.get("/user/balance", response_model=BalanceAnswer)
async def get_balance(caller: Caller, user: UserOfGet) -> BalanceAnswer:
    """Returns what a user has, what runs hold of it, and what can be charged now.

    In shared mode that is what this app may still charge; the wallet itself is nobody's business but its owner's.
    """
    balance = await db.in_transaction(lambda session: read_app_balance(session, caller, user))
    return BalanceAnswer(
        balance=format_base_units(balance.balance_nanos),
        balanceFormatted=format_for_people(balance.balance_nanos, caller.unit),
        unit=caller.unit.value,
        held=format_decimal(balance.held_nanos),
        spendable=format_decimal(balance.spendable_nanos),
    )


@router.get("/user/balance/topup", response_model=LinkAnswer)
async def get_topup_link(
    request: Request,
    caller: Caller,
    user: UserOfGet,
    amount: Annotated[str | None, Query()] = None,
    return_url: Annotated[str | None, Query()] = None,
    state: Annotated[str | None, Query()] = None,
) -> LinkAnswer:
    """Returns the address of a user's top-up page, good for 24 hours."""
    amount_nanos = None if amount is None else check_amount(amount, bounds_of(wiring.get().settings)) * CENT_NANOS
    url = wiring.get().links.topup_url(caller, user, return_url, state, amount_nanos)
    wiring.get().teller.link_sent(caller, user, Action.TOPUP, url, request.scope["coinslot.request_id"])
    return LinkAnswer(url=url)


@router.post("/user/balance/deposit", response_model=DepositAnswerBody, openapi_extra=BODY_SCHEMA)
async def post_deposit(caller: Caller, body: PostBody, idempotency_key: IdempotencyKey = None) -> Response:
    """Credits money that the app took on its own rails (default mode)."""
    amount_nanos = _amount(body.content)
    claimed = claim(idempotency_key, caller.paywall_id, "deposit", body.user, body.raw)
    answer = await deposit(caller, body.user, amount_nanos, check_metadata(body.content), claimed)
    return _answer({"id": answer.id, "balanceFormatted": answer.balance_formatted}, answer.is_replay)


@router.post("/user/charge", response_model=ChargeAnswerBody, openapi_extra=BODY_SCHEMA)
async def post_charge(
    request: Request, caller: Caller, body: PostBody, labels: LabelsOfCall, idempotency_key: IdempotencyKey = None
) -> Response:
    """Charges a user once; HTTP 200 whether they could pay or not."""
    amount_nanos = _amount(body.content)
    claimed = claim(idempotency_key, caller.paywall_id, "charge", body.user, body.raw)
    details, request_id = check_metadata(body.content), request.scope["coinslot.request_id"]
    wired, client_request_id = wiring.get(), request.scope.get("coinslot.client_request_id")

    async def charge(current: Snapshot) -> tuple[Snapshot, ChargeAnswer]:
        return current, await wired.charges.charge(current, body.user, amount_nanos, details, claimed, request_id,
                                                   client_request_id, body.user_from, labels)  # fmt: skip

    caller, answer = await decided(caller, partial(renew, authorization=request.headers.get("authorization")), charge)
    content: dict[str, Any] = {"success": answer.success, "message": answer.message, "id": answer.id}
    if answer.ask is not None:
        url = _url_of(request, caller, body.user, answer.ask)
        content |= {"message": ask_text(caller, answer.ask, url), "action": answer.ask.action, "url": url}
        wired.teller.link_sent(caller, body.user, answer.ask.action, url, request_id)
    if answer.refusal is not None:
        wired.teller.charge_refused(caller, body.user, request_id, amount_nanos, answer.refusal)
    return _answer(content, answer.is_replay, answer.id)


def _url_of(request: Request, caller: Snapshot, user: str, ask: Ask) -> str:
    """Returns where a user can do what is asked of them; the way back is named by headers, as for a chat."""
    way_back = (request.headers.get(f"x-paywall-{name}") for name in ("return-url", "state"))
    return wiring.get().links.ask_url(caller, user, ask, *way_back)


def _amount(content: dict[str, Any]) -> int:
    if content.get("amount") is None:
        raise BadField("amount", "`amount` is required.", "missing_required_parameter")
    return parse_amount(content["amount"])


def check_metadata(content: dict[str, Any]) -> dict[str, Any] | None:
    """Returns what an app gives along, None where it gives nothing. Raises BadField."""
    metadata = content.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or len(metadata) > METADATA_KEYS_MAX:
        raise BadField("metadata", f"`metadata` must be an object of at most {METADATA_KEYS_MAX} keys.")
    if len(orjson.dumps(metadata)) > METADATA_BYTES_MAX:
        raise BadField("metadata", f"`metadata` may have at most {METADATA_BYTES_MAX} bytes of JSON.")
    return metadata


def _answer(content: dict[str, Any], is_replay: bool, request_id: str | None = None) -> Response:
    """Returns an answer; one that was given before names the request whose receipt explains it."""
    headers = {"Idempotent-Replayed": "true"} if is_replay else {}
    if is_replay and request_id is not None:
        headers["X-Request-Id"] = request_id
    return Response(orjson.dumps(content), media_type="application/json", headers=headers)
